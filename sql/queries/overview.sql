-- name: totals
-- The figures of these sections merged: means and rates over all standings, students counted once.
with figures as (
    select * from classpulse.section_figures as section
    where section.section_id = any(cast(:sections as bigint[]))
), standings as (
    select
        count(distinct summary.student_id) as total_students,
        count(distinct summary.student_id) filter (where summary.chronically_absent)
            as chronically_absent
    from public.student_performance_summaries as summary
    where summary.section_id = any(cast(:sections as bigint[]))
), merged as (
    select
        count(*) as total_sections,
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
    from figures
)
select
    standings.total_students,
    merged.total_sections,
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
    standings.chronically_absent
from merged
cross join standings;

-- name: distribution
-- The letters of these sections summed; null where no section has any.
with counted as (
    select entry.letter, sum(entry.n::bigint) as n, min(entry.place) as place
    from classpulse.section_figures as figures
    cross join lateral json_each_text(figures.grade_distribution)
        with ordinality as entry (letter, n, place)
    where figures.section_id = any(cast(:sections as bigint[]))
    group by entry.letter
)
select json_object_agg(counted.letter, counted.n order by counted.place, counted.letter)
    as grade_distribution
from counted;
