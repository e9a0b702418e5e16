-- name: stand
-- Where the log stands, and whether what was kept of these sections still holds: no event since
-- names one of them. `log` is another one after a restore, and in another database.
select
    found.log,
    state.position,
    state.epoch || '-' || state.position as as_of,
    state.as_of_time,
    array(
        select aside.section_id
        from classpulse.set_aside as aside
        where aside.section_id = any(cast(:sections as bigint[]))
        order by aside.section_id
    ) as set_aside,
    coalesce(
        found.log = cast(:log as text)
        and state.kept_from <= cast(:since as bigint) + 1
        -- to look through more takes as long as to read the figures
        and state.position between cast(:since as bigint) and cast(:since as bigint) + 20000
        and not exists (
            select from classpulse.events as event
            where event.position > cast(:since as bigint)
                and exists (
                    select from unnest(event.section_ids || event.former_section_ids) as of (id)
                    where of.id = any(cast(:sections as bigint[]))
                )
        ),
        false
    ) as holds
from classpulse.state
cross join lateral (
    select concat_ws(
        '/', extract(epoch from pg_postmaster_start_time()), database.oid, state.epoch
    ) as log
    from pg_database as database
    where database.datname = current_database()
) as found;

-- name: totals
-- The figures of these sections merged: means and rates over all standings, students counted once;
-- with their letters, null where no section has any.
with whole as materialized (
    select figures.*
    from public.performance_cache as figures
    where figures.section_id = any(cast(:sections as bigint[])) and figures.subject_id is null
), merged as (
    select
        coalesce(sum(figures.total_students), 0)::bigint as standings,
        coalesce(sum(figures.no_data), 0)::bigint as no_data,
        coalesce(sum(figures.passed_students), 0)::bigint as passed_students,
        coalesce(sum(figures.failed_students), 0)::bigint as failed_students,
        sum(figures.average_sum) as average_sum,
        coalesce(sum(figures.present_sessions), 0)::bigint as present,
        coalesce(sum(figures.late_sessions), 0)::bigint as late,
        coalesce(sum(figures.absent_sessions), 0)::bigint as absent,
        coalesce(sum(figures.excused_sessions), 0)::bigint as excused,
        -- a section that records absences alone has counts, and no percentage
        sum(figures.present_sessions + figures.late_sessions)
            filter (where figures.attendance_average is not null) as attended,
        sum(figures.present_sessions + figures.late_sessions + figures.absent_sessions)
            filter (where figures.attendance_average is not null) as unexcused,
        sum(figures.excused_sessions)
            filter (where figures.attendance_average is not null) as counted_excused
    from whole as figures
), scales as (
    select whole.grade_distribution, whole.letters from whole
    union all
    -- a section that no batch has seen yet
    select '{}', policy.letters
    from classpulse.section_policies as policy
    where policy.section_id = any(array(
            select asked.id from unnest(cast(:sections as bigint[])) as asked (id)
            except
            select whole.section_id from whole
        ))
), counted as (
    select
        letter.name,
        coalesce(sum((scales.grade_distribution -> letter.name)::integer), 0) as n,
        min(cardinality(scales.letters) - letter.place) as place
    from scales
    cross join lateral unnest(scales.letters) with ordinality as letter (name, place)
    group by letter.name
)
select
    (
        select count(*)
        from (
            select from public.student_performance_summaries as summary
            where summary.section_id = any(cast(:sections as bigint[]))
            group by summary.student_id
        ) as student
    ) as total_students,
    coalesce(cardinality(cast(:sections as bigint[])), 0) as total_sections,
    (
        select count(distinct subject.subject_id)
        from public.performance_cache as subject
        where subject.section_id = any(cast(:sections as bigint[]))
    ) as total_subjects,
    merged.standings,
    merged.no_data,
    merged.passed_students,
    merged.failed_students,
    classpulse.rounded(classpulse.exact_mean(
        merged.average_sum, merged.passed_students + merged.failed_students
    )) as overall_average,
    classpulse.rounded(classpulse.exact_percentage(
        merged.passed_students, merged.passed_students + merged.failed_students
    )) as overall_pass_rate,
    merged.present,
    merged.late,
    merged.absent,
    merged.excused,
    merged.present + merged.late + merged.absent + merged.excused as total,
    classpulse.rounded(classpulse.exact_percentage(
        merged.attended, merged.unexcused + merged.counted_excused
    )) as percentage,
    classpulse.rounded(classpulse.exact_percentage(merged.attended, merged.unexcused))
        as percentage_unexcused,
    (
        select count(distinct summary.student_id)
        from public.student_performance_summaries as summary
        where summary.section_id = any(cast(:sections as bigint[])) and summary.chronically_absent
    ) as chronically_absent,
    (
        select json_object_agg(counted.name, counted.n order by counted.place, counted.name)
        from counted
    ) as grade_distribution
from merged;

-- name: subjects
-- What the subjects of these sections are merged of, or one of them: sums, so that
-- nothing is rounded twice. As JSON, null where there is no subject.
with of_subjects as materialized (
    select
        figures.subject_id,
        figures.section_id,
        figures.total_students,
        figures.passed_students,
        figures.failed_students,
        figures.no_data,
        figures.average_sum,
        figures.highest_score,
        figures.lowest_score,
        figures.grade_distribution,
        figures.updated_at
    from public.performance_cache as figures
    where figures.section_id = any(cast(:sections as bigint[]))
        and figures.subject_id is not null
        and (cast(:only as bigint) is null or figures.subject_id = cast(:only as bigint))
), whole as materialized (
    select
        figures.section_id,
        figures.letters,
        figures.present_sessions + figures.late_sessions as attended,
        figures.present_sessions + figures.late_sessions
        + figures.absent_sessions + figures.excused_sessions as recorded,
        -- a section that records absences alone has no percentage
        figures.attendance_average is not null as is_known
    from public.performance_cache as figures
    where figures.section_id = any(cast(:sections as bigint[])) and figures.subject_id is null
), repeated as (
    -- who has several of these standings: counted once a subject. Students of a class are in the
    -- same sections, so there are far fewer sets of sections than students.
    select together.section_ids, count(*) as n
    from (
        select array_agg(summary.section_id) as section_ids
        from public.student_performance_summaries as summary
        where summary.section_id = any(cast(:sections as bigint[]))
        group by summary.student_id
        having count(*) > 1
    ) as together
    group by together.section_ids
), repetitions as (
    select taught.subject_id, sum(repeated.n * (taught.n - 1)) as n
    from repeated
    cross join lateral (
        select figures.subject_id, count(*) as n
        from public.performance_cache as figures
        where figures.section_id = any(repeated.section_ids)
            and figures.subject_id is not null
            and (cast(:only as bigint) is null or figures.subject_id = cast(:only as bigint))
        group by figures.subject_id
        having count(*) > 1
    ) as taught
    group by taught.subject_id
), letters as (
    select
        counted.subject_id,
        json_object_agg(counted.name, counted.n order by counted.place, counted.name)
            as grade_distribution
    from (
        select
            of_subjects.subject_id,
            letter.name,
            coalesce(sum((of_subjects.grade_distribution -> letter.name)::integer), 0) as n,
            min(cardinality(whole.letters) - letter.place) as place
        from of_subjects
        join whole on whole.section_id = of_subjects.section_id
        cross join lateral unnest(whole.letters) with ordinality as letter (name, place)
        group by of_subjects.subject_id, letter.name
    ) as counted
    group by counted.subject_id
), merged as (
    select
        of_subjects.subject_id,
        count(*) as total_sections,
        sum(of_subjects.total_students)::bigint as standings,
        sum(of_subjects.passed_students)::bigint as passed_students,
        sum(of_subjects.failed_students)::bigint as failed_students,
        sum(of_subjects.no_data)::bigint as no_data,
        sum(of_subjects.average_sum) as average_sum,
        max(of_subjects.highest_score) as highest_score,
        min(of_subjects.lowest_score) as lowest_score,
        sum(whole.attended) filter (where whole.is_known) as attended,
        sum(whole.recorded) filter (where whole.is_known) as recorded,
        extract(epoch from max(of_subjects.updated_at)) as changed
    from of_subjects
    join whole on whole.section_id = of_subjects.section_id
    group by of_subjects.subject_id
)
select cast(json_agg(json_build_object(
    'subject_id', merged.subject_id,
    'total_sections', merged.total_sections,
    'standings', merged.standings,
    'total_students', merged.standings - coalesce(repetitions.n, 0),
    'passed_students', merged.passed_students,
    'failed_students', merged.failed_students,
    'no_data', merged.no_data,
    'average_sum', merged.average_sum,
    'highest_score', merged.highest_score,
    'lowest_score', merged.lowest_score,
    'attended', merged.attended,
    'recorded', merged.recorded,
    'changed', merged.changed,
    'grade_distribution', letters.grade_distribution
)) as text) as sums
from merged
left join repetitions on repetitions.subject_id = merged.subject_id
left join letters on letters.subject_id = merged.subject_id;
