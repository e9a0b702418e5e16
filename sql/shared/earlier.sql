-- Standings of sections of the current terms that a student has left: figures over the rows that
-- are still there, whether any counts where the student is now, and until when they were enrolled, where that is known.
with gone as (
    select left_behind.section_id
    from (
        select grade.section_id
        from public.grades as grade
        where grade.student_id = cast(:student_id as bigint)
        union
        select register.section_id
        from public.attendance as register
        where register.student_id = cast(:student_id as bigint)
    ) as left_behind
    join classpulse.current_sections as current on current.section_id = left_behind.section_id
    where not exists (
        select from public.enrollments as enrollment
        where enrollment.student_id = cast(:student_id as bigint)
            and enrollment.section_id = left_behind.section_id
    )
), marks as (
    select
        taught.section_id,
        classpulse.exact_mean(sum(rule.exact_average), count(rule.exact_average)) as exact_average,
        classpulse.rounded(classpulse.exact_mean(
            sum(rule.exact_average_if_missing_zero), count(rule.exact_average_if_missing_zero)
        )) as average_if_missing_zero,
        sum(rule.graded_count)::bigint as graded_count,
        sum(rule.missing_count)::bigint as missing_count
    from (
        select distinct grade.section_id, grade.subject_id
        from public.grades as grade
        join gone on gone.section_id = grade.section_id
        where grade.student_id = cast(:student_id as bigint)
    ) as taught
    cross join lateral classpulse.subject_by_rule(
        cast(:student_id as bigint), taught.section_id, taught.subject_id
    ) as rule
    group by taught.section_id
)
select
    section.id as section_id,
    classpulse.shown_name(section.name) as section_name,
    section.term_id,
    shown.average as average_score,
    marks.average_if_missing_zero,
    result.letter,
    case
        when result.passed then 'pass'
        when not result.passed then 'fail'
        else 'no_data'
    end as status,
    coalesce(marks.graded_count, 0) as graded_count,
    coalesce(marks.missing_count, 0) as missing_count,
    classpulse.rounded(classpulse.exact_percentage(sessions.attended, sessions.recorded))
        as attendance_percentage,
    (
        select to_char(max(history.at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        from classpulse.history as history
        where history.student_id = cast(:student_id as bigint)
            and history.source = 'enrollments'
            and history.operation in ('delete', 'truncate')
            and history.section_id = section.id
    ) as left_at,
    exists (
        select from classpulse.carried_grades as carried
        where carried.student_id = cast(:student_id as bigint)
            and carried.earned_in = section.id
    ) as counts
from gone
join public.sections as section on section.id = gone.section_id
join classpulse.section_policies as policy on policy.section_id = section.id
left join marks on marks.section_id = section.id
cross join lateral (
    select classpulse.rounded(marks.exact_average) as average offset 0
) as shown
cross join lateral classpulse.result(
    shown.average, null, null, policy.pass_mark, policy.letters, policy.minimums
) as result
cross join lateral (
    select
        count(*) as recorded,
        count(*) filter (where register.status in ('present', 'late')) as attended
    from public.attendance as register
    where register.student_id = cast(:student_id as bigint)
        and register.section_id = section.id
) as sessions
order by left_at desc nulls last, section.name, section.id
