-- name: sections
-- What an overview shows of these sections.
select
    figures.section_id,
    figures.section_name,
    figures.total_students,
    figures.passed_students,
    figures.failed_students,
    figures.no_data,
    figures.pass_rate,
    figures.average_score,
    figures.highest_score,
    figures.lowest_score,
    figures.attendance_average,
    figures.grade_distribution
from classpulse.section_figures as figures
where figures.section_id = any(cast(:sections as bigint[]))
order by figures.section_id;

-- name: subjects
-- What an overview of `sections` shows of the subjects that are `asked`, and of all that the
-- sections in `of_sections` have; at most so many.
-- Who has a subject in several sections counts once: `repetitions` are to be taken off. To count
-- them is most of the work, so those known of a subject are given back with the `pairing` (of which
-- sections have it) that they were counted for.
with chosen as materialized (
    select
        subject.id,
        classpulse.shown_name(subject.name) as name,
        classpulse.shown_name(subject.code) as code,
        subject.school_id
    from public.subjects as subject
    where subject.id in (
        select unnest(cast(:asked as bigint[]))
        union
        select figures.subject_id
        from public.performance_cache as figures
        where figures.section_id = any(cast(:of_sections as bigint[]))
    )
    order by subject.id
    limit cast(:limit as bigint)
), figures as materialized (
    select
        figures.section_id,
        figures.subject_id,
        figures.total_students,
        figures.passed_students,
        figures.failed_students,
        figures.no_data,
        figures.average_sum,
        figures.highest_score,
        figures.lowest_score,
        figures.grade_distribution,
        whole.letters,
        -- a section that records absences alone has no percentage
        case when whole.attendance_average is not null
            then whole.present_sessions + whole.late_sessions
        end as attended,
        case when whole.attendance_average is not null
            then whole.present_sessions + whole.late_sessions
                + whole.absent_sessions + whole.excused_sessions
        end as recorded
    from public.performance_cache as figures
    join public.performance_cache as whole
        on whole.section_id = figures.section_id and whole.subject_id is null
    where figures.section_id = any(cast(:sections as bigint[]))
        and figures.subject_id = any(array(select chosen.id from chosen))
), merged as materialized (
    select
        figures.subject_id,
        sum(figures.total_students)::bigint as standings,
        sum(figures.passed_students)::bigint as passed_students,
        sum(figures.failed_students)::bigint as failed_students,
        sum(figures.no_data)::bigint as no_data,
        sum(figures.average_sum) as average_sum,
        max(figures.highest_score) as highest_score,
        min(figures.lowest_score) as lowest_score,
        sum(figures.attended) as attended,
        sum(figures.recorded) as recorded,
        sum(hashint8extended(figures.section_id, 0))::text as pairing
    from figures
    group by figures.subject_id
), known as materialized (
    select merged.subject_id, given.repetitions
    from unnest(
        cast(:known as bigint[]), cast(:pairings as text[]), cast(:repetitions as bigint[])
    ) as given (subject_id, pairing, repetitions)
    join merged on merged.subject_id = given.subject_id and merged.pairing = given.pairing
), repeated as materialized (
    select summary.student_id
    from public.student_performance_summaries as summary
    where summary.section_id = any(cast(:sections as bigint[]))
        and exists (
            select from merged
            where merged.subject_id not in (select known.subject_id from known)
        )
    group by summary.student_id
    having count(*) > 1
), counted as (
    select figures.subject_id, count(*) - count(distinct summary.student_id) as repetitions
    from repeated
    join public.student_performance_summaries as summary
        on summary.student_id = repeated.student_id
    join figures on figures.section_id = summary.section_id
    group by figures.subject_id
), letters as (
    select
        figures.subject_id,
        letter.name,
        sum(coalesce((figures.grade_distribution ->> letter.name)::bigint, 0)) as n,
        min(cardinality(figures.letters) - letter.place) as place
    from figures
    cross join lateral unnest(figures.letters) with ordinality as letter (name, place)
    group by figures.subject_id, letter.name
), distributions as (
    select
        letters.subject_id,
        json_object_agg(letters.name, letters.n order by letters.place, letters.name)
            as grade_distribution
    from letters
    group by letters.subject_id
)
select
    chosen.id as subject_id,
    chosen.name as subject_name,
    chosen.code as subject_code,
    chosen.school_id,
    merged.standings - coalesce(known.repetitions, counted.repetitions, 0) as total_students,
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
    merged.pairing,
    coalesce(known.repetitions, counted.repetitions, 0) as repetitions
from chosen
join merged on merged.subject_id = chosen.id
left join distributions on distributions.subject_id = chosen.id
left join known on known.subject_id = chosen.id
left join counted on counted.subject_id = chosen.id
order by chosen.id;

-- name: subject_ids
-- The subjects of these sections.
select coalesce(array_agg(distinct figures.subject_id), '{}') as subject_ids
from public.performance_cache as figures
where figures.section_id = any(cast(:sections as bigint[])) and figures.subject_id is not null;

-- name: reaches_the_listed
-- Whether somebody in these sections comes as far up, or down, as those who are listed.
select exists (
    select from public.student_performance_summaries as summary
    where summary.section_id = any(cast(:sections as bigint[]))
        and (
            summary.average >= cast(:top_bar as numeric)
            or summary.average <= cast(:low_bar as numeric)
        )
) as found;
