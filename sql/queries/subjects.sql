-- name: page
-- Subjects of these sections by name, each merged over them, after the one that the cursor names.
with chosen as (
    select subject.id, subject.name, subject.code
    from public.subjects as subject
    where exists (
            select from public.performance_cache as figures
            where figures.section_id = any(cast(:sections as bigint[]))
                and figures.subject_id = subject.id
        )
        and (cast(:only as bigint) is null or subject.id = cast(:only as bigint))
        and (
            cast(:after_id as bigint) is null
            or (subject.name, subject.id) > (cast(:after_name as text), cast(:after_id as bigint))
        )
    order by subject.name, subject.id
    limit cast(:limit as bigint)
), figures as materialized (
    select figures.*
    from chosen
    join classpulse.subject_figures as figures
        on figures.subject_id = chosen.id
        and figures.section_id = any(cast(:sections as bigint[]))
), merged as (
    select
        figures.subject_id,
        sum(figures.total_students)::bigint as total_students,
        sum(figures.passed_students)::bigint as passed_students,
        sum(figures.failed_students)::bigint as failed_students,
        sum(figures.no_data)::bigint as no_data,
        sum(figures.average_sum) as average_sum,
        max(figures.highest_score) as highest_score,
        min(figures.lowest_score) as lowest_score,
        json_agg(
            json_build_object(
                'section_id', figures.section_id,
                'section_name', figures.section_name,
                'term_id', figures.term_id,
                'total_students', figures.total_students,
                'passed_students', figures.passed_students,
                'failed_students', figures.failed_students,
                'no_data', figures.no_data,
                'pass_rate', figures.pass_rate,
                'average_score', figures.average_score,
                'highest_score', figures.highest_score,
                'lowest_score', figures.lowest_score,
                'grade_distribution', figures.grade_distribution
            ) order by figures.section_name, figures.section_id
        ) as sections_performance
    from figures
    group by figures.subject_id
), letters as (
    select figures.subject_id, entry.letter, sum(entry.n::bigint) as n, min(entry.place) as place
    from figures
    cross join lateral json_each_text(figures.grade_distribution)
        with ordinality as entry (letter, n, place)
    group by figures.subject_id, entry.letter
), distributions as (
    select
        letters.subject_id,
        json_object_agg(letters.letter, letters.n order by letters.place, letters.letter)
            as grade_distribution
    from letters
    group by letters.subject_id
)
select
    chosen.id as subject_id,
    chosen.name as subject_name,
    chosen.code as subject_code,
    merged.total_students,
    merged.passed_students,
    merged.failed_students,
    merged.no_data,
    classpulse.rounded(classpulse.exact_percentage(
        merged.passed_students, merged.passed_students + merged.failed_students
    )) as pass_rate,
    classpulse.rounded(classpulse.exact_mean(
        merged.average_sum, merged.passed_students + merged.failed_students
    )) as average_score,
    merged.highest_score,
    merged.lowest_score,
    coalesce(distributions.grade_distribution, '{}') as grade_distribution,
    merged.sections_performance
from chosen
join merged on merged.subject_id = chosen.id
left join distributions on distributions.subject_id = chosen.id
order by chosen.name, chosen.id;

-- name: total
select count(distinct figures.subject_id) as total
from public.performance_cache as figures
where figures.section_id = any(cast(:sections as bigint[]));

-- name: named
-- The subject itself, for who may see it though none of the sections in view has it.
select subject.id as subject_id, subject.name as subject_name, subject.code as subject_code
from public.subjects as subject
where subject.id = cast(:subject_id as bigint)
    and (
        cast(:everything as boolean)
        or subject.school_id = cast(:school_id as bigint)
        or exists (
            select from public.performance_cache as figures
            where figures.subject_id = subject.id
                and figures.section_id = any(cast(:sections as bigint[]))
        )
    );

-- name: no_letters
-- The letters of the policy that holds at the subject's school, at 0.
select coalesce(json_object_agg(scale.letter, 0 order by scale.minimum desc), '{}')
    as grade_distribution
from (
    select policy.letter_scale
    from public.subjects as subject
    join public.grading_policies as policy
        on policy.school_id = subject.school_id or policy.school_id is null
    where subject.id = cast(:subject_id as bigint)
    order by policy.school_id nulls last
    limit 1
) as policy
cross join lateral classpulse.scale(policy.letter_scale) as scale;
