-- name: page
-- Subjects of these sections by name, each merged over them, after the one that the cursor names.
-- `each` section's own figures are left out where they are not asked for: they are most of it.
with chosen as (
    select named.*
    from (
        select
            subject.id,
            classpulse.shown_name(subject.name) as name,
            classpulse.shown_name(subject.code) as code,
            subject.school_id,
            classpulse.sort_key(array[subject.name], school.locale) collate "C" as name_key
        from public.subjects as subject
        join public.schools as school on school.id = subject.school_id
        where exists (
                select from public.performance_cache as figures
                where figures.section_id = any(cast(:sections as bigint[]))
                    and figures.subject_id = subject.id
            )
            and (cast(:only as bigint) is null or subject.id = cast(:only as bigint))
    ) as named
    where cast(:after_id as bigint) is null
        or (named.name_key, named.id) > (cast(:after_name as text), cast(:after_id as bigint))
    order by named.name_key, named.id
    limit cast(:limit as bigint)
), figures as materialized (
    select figures.*
    from chosen
    join classpulse.subject_figures as figures
        on figures.subject_id = chosen.id
        and figures.section_id = any(cast(:sections as bigint[]))
), repeated as (
    -- who has several of these standings: counted once a subject
    select summary.student_id
    from public.student_performance_summaries as summary
    where summary.section_id = any(cast(:sections as bigint[]))
    group by summary.student_id
    having count(*) > 1
), repetitions as (
    select figures.subject_id, count(*) - count(distinct summary.student_id) as n
    from repeated
    join public.student_performance_summaries as summary
        on summary.student_id = repeated.student_id
    join figures on figures.section_id = summary.section_id
    group by figures.subject_id
), merged as (
    select
        figures.subject_id,
        sum(figures.total_students)::bigint as standings,
        sum(figures.passed_students)::bigint as passed_students,
        sum(figures.failed_students)::bigint as failed_students,
        sum(figures.no_data)::bigint as no_data,
        sum(figures.average_sum) as average_sum,
        max(figures.highest_score) as highest_score,
        min(figures.lowest_score) as lowest_score,
        -- a section that records absences alone has no percentage
        sum(whole.present_sessions + whole.late_sessions)
            filter (where whole.attendance_average is not null) as attended,
        sum(
            whole.present_sessions + whole.late_sessions
            + whole.absent_sessions + whole.excused_sessions
        ) filter (where whole.attendance_average is not null) as recorded,
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
        ) filter (where cast(:each as boolean)) as sections_performance
    from figures
    join public.performance_cache as whole
        on whole.section_id = figures.section_id and whole.subject_id is null
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
    chosen.name_key,
    chosen.id as subject_id,
    chosen.name as subject_name,
    chosen.code as subject_code,
    chosen.school_id,
    merged.standings - coalesce(repetitions.n, 0) as total_students,
    merged.standings,
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
    classpulse.rounded(classpulse.exact_percentage(merged.attended, merged.recorded))
        as attendance_average,
    distributions.grade_distribution,
    merged.sections_performance
from chosen
join merged on merged.subject_id = chosen.id
left join repetitions on repetitions.subject_id = chosen.id
left join distributions on distributions.subject_id = chosen.id
order by chosen.name_key, chosen.id;

-- name: total
select count(distinct figures.subject_id) as total
from public.performance_cache as figures
where figures.section_id = any(cast(:sections as bigint[]));

-- name: named
-- The subject itself, for who may see it though none of the sections in view has it.
select
    subject.id as subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    classpulse.shown_name(subject.code) as subject_code,
    subject.school_id
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

-- name: names
select subject.id, classpulse.shown_name(subject.name) as name
from public.subjects as subject
join public.schools as school on school.id = subject.school_id
where subject.id in (
    select figures.subject_id
    from public.performance_cache as figures
    where figures.section_id = any(cast(:sections as bigint[]))
)
order by classpulse.sort_key(array[subject.name], school.locale) collate "C", subject.id;
