-- name: scan_tables
set local enable_seqscan = on

-- name: unlisted_events
select format(
    'classpulse.event_sections: %s entries of kept events are missing', count(*)
) as difference
from classpulse.events as event
cross join lateral unnest(event.section_ids) as section (id)
where event.educator_id is null
    and not starts_with(event.type, '_')
    and not exists (
        select from classpulse.event_sections as listed
        where listed.section_id = section.id and listed.position = event.position
    )
having count(*) > 0

-- name: list_events
insert into classpulse.event_sections (section_id, position, type)
select section.id, event.position, event.type
from classpulse.events as event
cross join lateral unnest(event.section_ids) as section (id)
where event.educator_id is null
    and not starts_with(event.type, '_')
    and not exists (
        select from classpulse.event_sections as listed
        where listed.section_id = section.id and listed.position = event.position
    )
on conflict do nothing

-- name: expect_days
-- Of each section: its term's days so far, by the clock of its school.
create temporary table expected_windows on commit drop as
select
    section.id as section_id,
    section.school_id,
    coalesce(term.starts_on, '-infinity') as first_day,
    least(
        coalesce(term.ends_on, 'infinity'),
        timezone(classpulse.known_zone(school.time_zone), now())::date
    ) as last_day,
    timezone(classpulse.known_zone(school.time_zone), now())::date as today,
    exists (
        select from public.school_days as day where day.school_id = section.school_id
    ) as has_calendar
from public.sections as section
join public.schools as school on school.id = section.school_id
left join public.terms as term on term.id = section.term_id
where section.id not in (select aside.section_id from classpulse.set_aside as aside)

-- name: expect_unmarked
create temporary table expected_unmarked on commit drop as
select exam.id as exam_id, enrollment.student_id, exam.section_id, exam.subject_id
from pg_temp.expected_windows as section
join public.exams as exam
    on exam.section_id = section.section_id
    and coalesce(exam.due_on, exam.exam_date) <= section.today
left join (
    select enrolled.student_id, enrolled.section_id
    from public.enrollments as enrolled
    join public.students as student on student.id = enrolled.student_id and student.is_active
) as enrollment
    on enrollment.section_id = exam.section_id
    and not exists (
        select from public.grades as grade
        where grade.exam_id = exam.id
            and grade.student_id = enrollment.student_id
            and grade.status <> 'pending'
    )

-- name: expect_attended_days
-- Every session of a standing by its day, those of the whole day, too.
create temporary table expected_days on commit drop as
select
    enrollment.section_id,
    enrollment.student_id,
    register.date,
    2 * count(*) filter (where register.status in ('absent', 'excused')) >= count(*) as is_absent
from pg_temp.expected_windows as section
join public.enrollments as enrollment on enrollment.section_id = section.section_id
join public.students as student on student.id = enrollment.student_id and student.is_active
join public.attendance as register
    on register.student_id = enrollment.student_id
    and coalesce(register.section_id, enrollment.section_id) = enrollment.section_id
group by enrollment.section_id, enrollment.student_id, register.date

-- name: expect_registers
create temporary table expected_registers on commit drop as
select day.section_id, day.date
from pg_temp.expected_days as day
union
select section.section_id, register.date
from pg_temp.expected_windows as section
join public.attendance as register on register.section_id = section.section_id

-- name: differing_days
-- What the counts of coverage are made of.
select
    coalesce(expected.section_id, cached.section_id) as section_id,
    format(
        'section %s: item %s of student %s is %s as unmarked',
        coalesce(expected.section_id, cached.section_id),
        coalesce(expected.exam_id, cached.exam_id),
        coalesce(expected.student_id, cached.student_id),
        case when cached.exam_id is null then 'not kept' else 'wrongly kept' end
    ) as difference
from (
    select * from pg_temp.expected_unmarked where student_id is not null
) as expected
full join classpulse.unmarked as cached using (exam_id, student_id, section_id, subject_id)
where (expected.section_id is null or cached.section_id is null)
    and coalesce(expected.section_id, cached.section_id) not in (
        select aside.section_id from classpulse.set_aside as aside
    )
union all
select
    coalesce(expected.section_id, cached.section_id),
    format(
        'section %s: item %s is %s as due', coalesce(expected.section_id, cached.section_id),
        coalesce(expected.exam_id, cached.exam_id),
        case when cached.exam_id is null then 'not kept' else 'wrongly kept' end
    )
from (
    select distinct exam_id, section_id, subject_id from pg_temp.expected_unmarked
) as expected
full join classpulse.due_items as cached using (exam_id, section_id, subject_id)
where (expected.section_id is null or cached.section_id is null)
    and coalesce(expected.section_id, cached.section_id) not in (
        select aside.section_id from classpulse.set_aside as aside
    )
union all
select
    coalesce(expected.section_id, cached.section_id),
    format(
        'section %s: the register of %s is %s',
        coalesce(expected.section_id, cached.section_id),
        coalesce(expected.date, cached.date),
        case when cached.section_id is null then 'not kept' else 'wrongly kept' end
    )
from pg_temp.expected_registers as expected
full join classpulse.register_days as cached using (section_id, date)
where (expected.section_id is null or cached.section_id is null)
    and coalesce(expected.section_id, cached.section_id) not in (
        select aside.section_id from classpulse.set_aside as aside
    )
union all
select
    coalesce(expected.section_id, cached.section_id),
    format(
        'section %s: the absence of student %s on %s is %s',
        coalesce(expected.section_id, cached.section_id),
        coalesce(expected.student_id, cached.student_id),
        coalesce(expected.date, cached.date),
        case when cached.section_id is null then 'not kept' else 'wrongly kept' end
    )
from (
    select day.section_id, day.student_id, day.date
    from pg_temp.expected_days as day
    join pg_temp.expected_windows as section using (section_id)
    where day.is_absent and section.has_calendar
) as expected
full join classpulse.absent_days as cached using (section_id, student_id, date)
where (expected.section_id is null or cached.section_id is null)
    and coalesce(expected.section_id, cached.section_id) not in (
        select aside.section_id from classpulse.set_aside as aside
    )

-- name: expect_marks
-- From the base rows alone; the projector's own functions for folding are not used, but for the one
-- that holds the rule of a gradebook.
create temporary table expected_marks on commit drop as
with carried as materialized (
    select distinct row.student_id, row.section_id, row.subject_id
    from classpulse.carried_grades as row
), plain as (
    select
        grade.student_id,
        grade.section_id,
        grade.subject_id,
        count(*) filter (where grade.status = 'graded')::integer as graded_count,
        count(*) filter (where grade.status = 'missing')::integer as missing_count,
        coalesce(sum(grade.score) filter (where grade.status = 'graded'), 0) as score_sum,
        coalesce(sum(grade.total_marks) filter (where grade.status = 'graded'), 0) as total_sum,
        coalesce(sum(grade.total_marks) filter (where grade.status = 'missing'), 0)
            as missing_total,
        bool_or(grade.category_id is not null) as is_categorised
    from public.grades as grade
    where grade.section_id not in (select aside.section_id from classpulse.set_aside as aside)
    group by grade.student_id, grade.section_id, grade.subject_id
    union all
    select override.student_id, override.section_id, override.subject_id, 0, 0, 0, 0, 0, false
    from public.grade_overrides as override
    where override.subject_id is not null
        and override.section_id not in (select aside.section_id from classpulse.set_aside as aside)
        and not exists (
            select from public.grades as grade
            where grade.student_id = override.student_id
                and grade.section_id = override.section_id
                and grade.subject_id = override.subject_id
        )
    union all
    select distinct
        carried.student_id, carried.section_id, carried.subject_id, 0, 0, 0::numeric, 0::numeric,
        0::numeric, true
    from carried
    where carried.section_id not in (select aside.section_id from classpulse.set_aside as aside)
        and not exists (
            select from public.grades as grade
            where grade.student_id = carried.student_id
                and grade.section_id = carried.section_id
                and grade.subject_id = carried.subject_id
        )
        and not exists (
            select from public.grade_overrides as override
            where override.student_id = carried.student_id
                and override.section_id = carried.section_id
                and override.subject_id = carried.subject_id
        )
), with_rule as materialized (
    select distinct exam.section_id, exam.subject_id
    from public.exams as exam
    where exam.category_id is not null or exam.weight is not null
        or not exam.counts or exam.extra_credit or exam.never_drop
), calculated as (
    select
        plain.student_id, plain.section_id, plain.subject_id, plain.graded_count,
        plain.missing_count, plain.score_sum, plain.total_sum, plain.missing_total,
        classpulse.exact_percentage(plain.score_sum, plain.total_sum) as exact_average,
        classpulse.exact_percentage(plain.score_sum, plain.total_sum + plain.missing_total)
            as exact_average_if_missing_zero,
        0 as uncounted_count,
        null::jsonb as categories,
        null::jsonb as carried
    from plain
    left join with_rule using (section_id, subject_id)
    left join carried using (student_id, section_id, subject_id)
    where not plain.is_categorised
        and with_rule.section_id is null
        and carried.section_id is null
    union all
    select
        plain.student_id, plain.section_id, plain.subject_id, rule.graded_count,
        rule.missing_count, rule.score_sum, rule.total_sum, rule.missing_total,
        rule.exact_average, rule.exact_average_if_missing_zero, rule.uncounted_count,
        rule.categories, rule.carried
    from plain
    left join with_rule using (section_id, subject_id)
    left join carried using (student_id, section_id, subject_id)
    cross join lateral classpulse.subject_by_rule(
        plain.student_id, plain.section_id, plain.subject_id
    ) as rule
    where plain.is_categorised
        or with_rule.section_id is not null
        or carried.section_id is not null
)
select
    calculated.*,
    shown.average,
    result.letter,
    result.passed,
    override.average as override_average,
    override.letter as override_letter,
    classpulse.points_of(
        case when own.section_id is null then policy.letter_points else own.letter_points end,
        result.letter
    ) as letter_points
from calculated
join public.enrollments as enrollment using (student_id, section_id)
join public.students as student on student.id = calculated.student_id and student.is_active
join classpulse.section_policies as policy on policy.section_id = calculated.section_id
left join classpulse.policies_of_subjects as own
    on own.section_id = calculated.section_id and own.subject_id = calculated.subject_id
left join public.grade_overrides as override
    on override.student_id = calculated.student_id
    and override.section_id = calculated.section_id
    and override.subject_id = calculated.subject_id
cross join lateral (
    select classpulse.rounded(calculated.exact_average) as average offset 0
) as shown
cross join lateral classpulse.result(
    shown.average, override.average, override.letter,
    coalesce(own.pass_mark, policy.pass_mark), coalesce(own.letters, policy.letters),
    coalesce(own.minimums, policy.minimums)
) as result

-- name: expect_standings
create temporary table expected_standings on commit drop as
with marks as (
    select
        student_id,
        section_id,
        sum(graded_count)::integer as graded_count,
        sum(missing_count)::integer as missing_count,
        count(*)::integer as total_subjects,
        classpulse.exact_mean(sum(exact_average), count(exact_average)) as exact_average,
        classpulse.rounded(classpulse.exact_mean(
            sum(exact_average_if_missing_zero), count(exact_average_if_missing_zero)
        )) as average_if_missing_zero,
        classpulse.rounded(classpulse.exact_mean(sum(letter_points), count(letter_points)))
            as grade_points,
        sum(uncounted_count)::integer as uncounted_count
    from pg_temp.expected_marks
    group by student_id, section_id
), sessions as (
    select
        enrollment.student_id,
        enrollment.section_id,
        register.status,
        count(*) as n
    from public.enrollments as enrollment
    join public.attendance as register
        on register.student_id = enrollment.student_id
        and coalesce(register.section_id, enrollment.section_id) = enrollment.section_id
    group by enrollment.student_id, enrollment.section_id, register.status
), attended as (
    select
        student_id,
        section_id,
        coalesce(sum(n) filter (where status = 'present'), 0)::integer as present_sessions,
        coalesce(sum(n) filter (where status = 'late'), 0)::integer as late_sessions,
        coalesce(sum(n) filter (where status = 'absent'), 0)::integer as absent_sessions,
        coalesce(sum(n) filter (where status = 'excused'), 0)::integer as excused_sessions
    from sessions
    group by student_id, section_id
)
select
    enrollment.student_id,
    enrollment.section_id,
    classpulse.rounded(marks.exact_average) as average,
    marks.exact_average,
    marks.average_if_missing_zero,
    result.letter,
    result.passed,
    override.average as override_average,
    override.letter as override_letter,
    marks.grade_points,
    coalesce(marks.uncounted_count, 0) as uncounted_count,
    coalesce(marks.graded_count, 0) as graded_count,
    coalesce(marks.missing_count, 0) as missing_count,
    coalesce(marks.total_subjects, 0) as total_subjects,
    coalesce(attended.present_sessions, 0) as present_sessions,
    coalesce(attended.late_sessions, 0) as late_sessions,
    coalesce(attended.absent_sessions, 0) as absent_sessions,
    coalesce(attended.excused_sessions, 0) as excused_sessions,
    coalesce(
        sum(attended.present_sessions + attended.late_sessions)
            over (partition by enrollment.section_id),
        0
    ) > 0 as is_known,
    coalesce(lacking.n, 0)::integer as unmarked_items,
    own_days.expected as registers_expected,
    own_days.taken as registers_taken,
    case when section.has_calendar then
        coalesce(own_days.expected, all_days.expected) >= 10
        and own_days.absent * 10 >= coalesce(own_days.expected, all_days.expected)
    end as chronic_by_calendar
from public.enrollments as enrollment
join pg_temp.expected_windows as section on section.section_id = enrollment.section_id
left join (
    select student_id, section_id, count(*) as n
    from pg_temp.expected_unmarked
    group by student_id, section_id
) as lacking
    on lacking.student_id = enrollment.student_id
    and lacking.section_id = enrollment.section_id
cross join lateral (
    select count(*)::integer as expected
    from public.school_days as day
    where day.school_id = section.school_id
        and day.kind <> 'holiday'
        and day.date between section.first_day and section.last_day
) as all_days
cross join lateral (
    select
        case when section.has_calendar and dated.is_own then count(*) end::integer as expected,
        case when section.has_calendar and dated.is_own
            then count(register.date) end::integer as taken,
        count(missed.date) as absent
    from (
        select enrollment.starts_on is not null or enrollment.ends_on is not null as is_own
    ) as dated
    left join public.school_days as day
        on day.school_id = section.school_id
        and day.kind <> 'holiday'
        and day.date between section.first_day and section.last_day
        and (enrollment.starts_on is null or day.date >= enrollment.starts_on)
        and (enrollment.ends_on is null or day.date <= enrollment.ends_on)
    left join pg_temp.expected_registers as register
        on register.section_id = enrollment.section_id and register.date = day.date
    left join pg_temp.expected_days as missed
        on missed.section_id = enrollment.section_id
        and missed.student_id = enrollment.student_id
        and missed.date = day.date
        and missed.is_absent
    group by dated.is_own
) as own_days
join public.students as student on student.id = enrollment.student_id and student.is_active
join classpulse.section_policies as policy on policy.section_id = enrollment.section_id
left join marks
    on marks.student_id = enrollment.student_id and marks.section_id = enrollment.section_id
left join attended
    on attended.student_id = enrollment.student_id and attended.section_id = enrollment.section_id
left join public.grade_overrides as override
    on override.student_id = enrollment.student_id
    and override.section_id = enrollment.section_id
    and override.subject_id is null
cross join lateral classpulse.result(
    classpulse.rounded(marks.exact_average), override.average, override.letter, policy.pass_mark,
    policy.letters, policy.minimums
) as result
where enrollment.section_id not in (select aside.section_id from classpulse.set_aside as aside)

-- name: differing_marks
select
    coalesce(expected.section_id, cached.section_id) as section_id,
    format(
        'student %s, subject %s in section %s: %s',
        coalesce(expected.student_id, cached.student_id),
        coalesce(expected.subject_id, cached.subject_id),
        coalesce(expected.section_id, cached.section_id),
        case
            when cached.student_id is null then 'not cached'
            when expected.student_id is null then 'cached, but there is none'
            else format(
                'average %s of %s out of %s and %s missing, but should be %s of %s out of %s and %s missing',
                coalesce(cached.average::text, 'none'), cached.score_sum, cached.total_sum,
                cached.missing_total,
                coalesce(classpulse.rounded(expected.exact_average)::text, 'none'),
                expected.score_sum, expected.total_sum, expected.missing_total
            )
        end
    ) as difference
from pg_temp.expected_marks as expected
full join classpulse.subject_standings as cached
    on cached.student_id = expected.student_id
    and cached.section_id = expected.section_id
    and cached.subject_id = expected.subject_id
where coalesce(cached.section_id, expected.section_id) not in (
    select aside.section_id from classpulse.set_aside as aside
) and (
    cached.student_id, cached.graded_count, cached.missing_count, cached.score_sum,
    cached.total_sum, cached.missing_total, cached.exact_average,
    cached.exact_average_if_missing_zero, cached.average, cached.letter, cached.passed,
    cached.uncounted_count, cached.override_average, cached.override_letter,
    cached.letter_points, cached.categories, cached.carried
) is distinct from (
    expected.student_id, expected.graded_count, expected.missing_count, expected.score_sum,
    expected.total_sum, expected.missing_total, expected.exact_average,
    expected.exact_average_if_missing_zero, expected.average, expected.letter, expected.passed,
    expected.uncounted_count, expected.override_average, expected.override_letter,
    expected.letter_points, expected.categories, expected.carried
)

-- name: differing_standings
with differing as (
    select
        coalesce(expected.section_id, cached.section_id) as section_id,
        coalesce(expected.student_id, cached.student_id) as student_id,
        to_jsonb(expected) - 'is_known' - 'chronic_by_calendar' as expected,
        to_jsonb(cached) as cached
    from (
        select
            standing.*,
            standing.present_sessions + standing.late_sessions as attended_sessions,
            standing.present_sessions + standing.late_sessions + standing.absent_sessions
            + standing.excused_sessions as total_sessions,
            shown.percentage as attendance_percentage,
            shown.percentage_unexcused as attendance_percentage_unexcused,
            coalesce(standing.chronic_by_calendar, shown.chronically_absent)
                as chronically_absent
        from pg_temp.expected_standings as standing
        cross join lateral classpulse.attendance_shown(
            standing.present_sessions, standing.late_sessions, standing.absent_sessions,
            standing.excused_sessions, standing.is_known
        ) as shown
    ) as expected
    full join public.student_performance_summaries as cached
        on cached.student_id = expected.student_id and cached.section_id = expected.section_id
)
select
    differing.section_id,
    format(
        'student %s in section %s: %s', differing.student_id, differing.section_id,
        case
            when differing.cached is null then 'not cached'
            when differing.expected is null then 'cached, but there is none'
            else (
                select string_agg(
                    format('%s %s, but should be %s', entry.key,
                        coalesce(differing.cached ->> entry.key, 'none'),
                        coalesce(entry.value #>> '{}', 'none')),
                    '; '
                )
                from jsonb_each(differing.expected) as entry
                where differing.cached -> entry.key is distinct from entry.value
            )
        end
    ) as difference
from differing
where differing.section_id not in (select aside.section_id from classpulse.set_aside as aside)
    and (
        differing.expected is null or differing.cached is null
        or not differing.cached @> differing.expected
    )

-- name: differing_figures
with letters as (
    select counted.section_id, counted.subject_id, jsonb_object_agg(counted.letter, counted.n) as n
    from (
        select section_id, null::bigint as subject_id, letter, count(*) as n
        from pg_temp.expected_standings where letter is not null
        group by section_id, letter
        union all
        select
            marks.section_id, marks.subject_id, marks.letter, count(*)
        from pg_temp.expected_marks as marks
        where marks.letter is not null
        group by 1, 2, 3
    ) as counted
    group by counted.section_id, counted.subject_id
), graded as (
    select counted.section_id, jsonb_object_agg(counted.graded_count, counted.n) as n
    from (
        select section_id, graded_count, count(*) as n from pg_temp.expected_standings
        group by section_id, graded_count
    ) as counted
    group by counted.section_id
), of_section as (
    select
        section.id as section_id,
        null::bigint as subject_id,
        count(standing.student_id) as total_students,
        coalesce(sum(standing.exact_average), 0) as average_sum,
        count(standing.exact_average) as averages,
        count(standing.passed) as decided,
        max(standing.average) as highest_score,
        min(standing.average) as lowest_score,
        count(*) filter (where standing.passed) as passed_students,
        coalesce(sum(standing.present_sessions), 0) as present_sessions,
        coalesce(sum(standing.late_sessions), 0) as late_sessions,
        coalesce(sum(standing.absent_sessions), 0) as absent_sessions,
        coalesce(sum(standing.excused_sessions), 0) as excused_sessions,
        coalesce(sum(standing.uncounted_count), 0) as uncounted_count
    from public.sections as section
    left join pg_temp.expected_standings as standing on standing.section_id = section.id
    group by section.id
), of_subject as (
    select
        taught.section_id,
        taught.subject_id,
        min(whole.total_students) as total_students,
        coalesce(sum(marks.exact_average), 0) as average_sum,
        count(marks.exact_average) as averages,
        count(marks.passed) as decided,
        max(marks.average) as highest_score,
        min(marks.average) as lowest_score,
        count(*) filter (where marks.passed) as passed_students,
        0::numeric, 0::numeric, 0::numeric, 0::numeric,
        coalesce(sum(marks.uncounted_count), 0)
    from (
        select section_id, subject_id from public.exams
        union
        select section_id, subject_id from pg_temp.expected_marks
    ) as taught
    join of_section as whole on whole.section_id = taught.section_id
    left join pg_temp.expected_marks as marks
        on marks.section_id = taught.section_id and marks.subject_id = taught.subject_id
    group by taught.section_id, taught.subject_id
), items as (
    select
        item.section_id,
        item.subject_id,
        count(*) as due,
        count(*) filter (where item.lacking = 0) as marked
    from (
        select exam_id, section_id, subject_id, count(student_id) as lacking
        from pg_temp.expected_unmarked
        group by exam_id, section_id, subject_id
    ) as item
    group by grouping sets ((item.section_id), (item.section_id, item.subject_id))
), registers as (
    select
        section.section_id,
        case when section.has_calendar then (
            select count(*)
            from public.school_days as day
            where day.school_id = section.school_id
                and day.kind <> 'holiday'
                and day.date between section.first_day and section.last_day
        ) end as expected,
        (
            select count(*)
            from pg_temp.expected_registers as taken
            where taken.section_id = section.section_id
                and (
                    not section.has_calendar
                    or exists (
                        select from public.school_days as day
                        where day.school_id = section.school_id
                            and day.date = taken.date
                            and day.kind <> 'holiday'
                            and day.date between section.first_day and section.last_day
                    )
                )
        ) as taken
    from pg_temp.expected_windows as section
), expected as (
    select
        both_kinds.section_id,
        both_kinds.subject_id,
        both_kinds.total_students,
        both_kinds.average_sum,
        both_kinds.averages,
        classpulse.rounded(classpulse.exact_mean(both_kinds.average_sum, both_kinds.averages))
            as average_score,
        both_kinds.highest_score,
        both_kinds.lowest_score,
        both_kinds.passed_students,
        both_kinds.decided - both_kinds.passed_students as failed_students,
        both_kinds.total_students - both_kinds.decided as no_data,
        classpulse.rounded(
            classpulse.exact_percentage(both_kinds.passed_students, both_kinds.decided)
        ) as pass_rate,
        classpulse.padded_distribution(
            coalesce(letters.n, '{}'), coalesce(own.letters, policy.letters)
        ) as grade_distribution,
        case when both_kinds.present_sessions + both_kinds.late_sessions > 0 then
            classpulse.rounded(classpulse.exact_percentage(
                both_kinds.present_sessions + both_kinds.late_sessions,
                both_kinds.present_sessions + both_kinds.late_sessions
                + both_kinds.absent_sessions + both_kinds.excused_sessions
            ))
        end as attendance_average,
        both_kinds.present_sessions,
        both_kinds.late_sessions,
        both_kinds.absent_sessions,
        both_kinds.excused_sessions,
        case when both_kinds.subject_id is null then coalesce(graded.n, '{}') else '{}' end
            as graded_counts,
        both_kinds.uncounted_count,
        coalesce(items.due, 0) as due_items,
        coalesce(items.marked, 0) as marked_items,
        registers.expected as registers_expected,
        coalesce(registers.taken, 0) as registers_taken
    from (select * from of_section union all select * from of_subject) as both_kinds
    join classpulse.section_policies as policy using (section_id)
    left join classpulse.policies_of_subjects as own
        on own.section_id = both_kinds.section_id and own.subject_id = both_kinds.subject_id
    left join letters
        on letters.section_id = both_kinds.section_id
        and letters.subject_id is not distinct from both_kinds.subject_id
    left join graded on graded.section_id = both_kinds.section_id
    left join items
        on items.section_id = both_kinds.section_id
        and items.subject_id is not distinct from both_kinds.subject_id
    left join registers
        on registers.section_id = both_kinds.section_id and both_kinds.subject_id is null
), differing as (
    select
        coalesce(expected.section_id, cached.section_id) as section_id,
        coalesce(expected.subject_id, cached.subject_id) as subject_id,
        to_jsonb(expected) as expected,
        to_jsonb(cached) as cached
    from expected
    full join public.performance_cache as cached
        on cached.section_id = expected.section_id
        and coalesce(cached.subject_id, -1) = coalesce(expected.subject_id, -1)
)
select
    differing.section_id,
    format(
        'section %s%s: %s', differing.section_id,
        case when differing.subject_id is not null then ', subject ' || differing.subject_id end,
        case
            when differing.cached is null then 'not cached'
            when differing.expected is null then 'cached, but there is none'
            else (
                select string_agg(
                    format('%s %s, but should be %s', entry.key,
                        coalesce(differing.cached ->> entry.key, 'none'),
                        coalesce(entry.value #>> '{}', 'none')),
                    '; '
                )
                from jsonb_each(differing.expected) as entry
                where differing.cached -> entry.key is distinct from entry.value
            )
        end
    ) as difference
from differing
where differing.section_id not in (select aside.section_id from classpulse.set_aside as aside)
    and (
        differing.expected is null
        or (differing.cached is null and differing.expected ->> 'total_students' <> '0')
        or (
            differing.cached is not null and exists (
                select from jsonb_each(differing.expected) as entry
                where differing.cached -> entry.key is distinct from entry.value
            )
        )
    )

-- name: differing_names
select
    standing.section_id,
    format('student %s: is sorted and searched by another name', expected.student_id) as difference
from classpulse.expected_names as expected
cross join lateral (
    select min(summary.section_id) as section_id
    from public.student_performance_summaries as summary
    where summary.student_id = expected.student_id
) as standing
left join classpulse.student_names as named on named.student_id = expected.student_id
where standing.section_id is not null
    and (named.basis, named.by_name, named.by_last_name, named.words, named.number)
    is distinct from (
        expected.basis, expected.by_name, expected.by_last_name, expected.words,
        expected.number
    )

-- name: differing_policies
select
    figures.section_id,
    format('section %s: calculated with another policy than the one in force', figures.section_id)
        as difference
from public.performance_cache as figures
join classpulse.section_policies as policy using (section_id)
where figures.subject_id is null
    and figures.section_id not in (select aside.section_id from classpulse.set_aside as aside)
    and (
        figures.pass_mark, figures.letters, figures.minimums, figures.letter_points,
        figures.carry_over, figures.carries
    ) is distinct from (
        policy.pass_mark, policy.letters, policy.minimums, policy.letter_points,
        policy.carry_over, policy.carries
    )
union all
select
    coalesce(cached.section_id, expected.section_id),
    format(
        'section %s, subject %s: calculated with another policy than the one in force',
        coalesce(cached.section_id, expected.section_id),
        coalesce(cached.subject_id, expected.subject_id)
    )
from classpulse.subject_policies as cached
full join (
    select policy.*
    from classpulse.policies_of_subjects as policy
    join public.performance_cache as figures
        on figures.section_id = policy.section_id and figures.subject_id is null
) as expected
    on expected.section_id = cached.section_id and expected.subject_id = cached.subject_id
where coalesce(cached.section_id, expected.section_id) not in (
        select aside.section_id from classpulse.set_aside as aside
    )
    and (
        cached.pass_mark, cached.letters, cached.minimums, cached.letter_points,
        cached.carry_over
    ) is distinct from (
        expected.pass_mark, expected.letters, expected.minimums, expected.letter_points,
        expected.carry_over
    )

-- name: differing_trends
-- Each part of the trends as it follows from what it is made of, down to the base rows. Those that
-- wait to be derived are no difference; a section's are the sum of its standings' whatever waits.
with standings as materialized (
    select array_agg(known.student_id) as students, array_agg(known.section_id) as sections
    from (
        select summary.student_id, summary.section_id
        from public.student_performance_summaries as summary
        union
        select trend.student_id, trend.section_id from classpulse.standing_trend as trend
        union
        select trend.student_id, trend.section_id from classpulse.subject_trend as trend
        union
        select sessions.student_id, sessions.section_id
        from classpulse.standing_sessions as sessions
    ) as known
    where not exists (
            select from classpulse.stale_trends as stale
            where stale.section_id = known.section_id and stale.student_id = known.student_id
        )
        and known.section_id not in (select aside.section_id from classpulse.set_aside as aside)
), named as (
    select named.student_id, named.section_id
    from standings
    cross join lateral unnest(standings.students, standings.sections)
        as named (student_id, section_id)
), marks as (
    select cached.*, 'cached' as side
    from classpulse.subject_trend as cached join named using (student_id, section_id)
    union all
    select expected.*, 'expected'
    from standings
    cross join lateral classpulse.subject_series(
        standings.students, standings.sections,
        array_fill(null::bigint, array[cardinality(standings.students)]), true
    ) as expected
    where standings.students is not null
), whole as (
    select cached.*, 'cached' as side
    from classpulse.standing_trend as cached join named using (student_id, section_id)
    union all
    select expected.*, 'expected'
    from standings
    cross join lateral classpulse.standing_series(standings.students, standings.sections)
        as expected
), registered as (
    select cached.*, 'cached' as side
    from classpulse.standing_sessions as cached join named using (student_id, section_id)
    union all
    select expected.*, 'expected'
    from standings
    cross join lateral classpulse.session_series(standings.students, standings.sections)
        as expected
), gained as (
    -- what sections gain by date, from the trends of all their standings
    select
        trend.section_id, trend.subject_id, trend.date,
        coalesce(trend.exact_average, 0) - coalesce(lag(trend.exact_average) over up_to, 0)
            as average_sum,
        (trend.exact_average is not null)::integer
        - (lag(trend.exact_average) over up_to is not null)::integer as averages,
        coalesce(trend.passed, false)::integer
        - coalesce(lag(trend.passed) over up_to, false)::integer as passed,
        coalesce(not trend.passed, false)::integer
        - coalesce(not lag(trend.passed) over up_to, false)::integer as failed,
        0 as present, 0 as late, 0 as absent, 0 as excused
    from (
        select student_id, section_id, subject_id, date, exact_average, passed
        from classpulse.subject_trend
        union all
        select student_id, section_id, null, date, exact_average, passed
        from classpulse.standing_trend
    ) as trend
    window up_to as (
        partition by trend.student_id, trend.section_id, trend.subject_id order by trend.date
    )
    union all
    select
        sessions.section_id, null, day.date, 0, 0, 0, 0, day.present, day.late, day.absent,
        day.excused
    from classpulse.standing_sessions as sessions
    cross join lateral unnest(
        sessions.dates, sessions.present, sessions.late, sessions.absent, sessions.excused
    ) as day (date, present, late, absent, excused)
), summed as (
    select
        gained.section_id, gained.subject_id, gained.date,
        sum(gained.average_sum) as average_sum, sum(gained.averages)::numeric as averages,
        sum(gained.passed)::numeric as passed, sum(gained.failed)::numeric as failed,
        sum(gained.present)::numeric as present, sum(gained.late)::numeric as late,
        sum(gained.absent)::numeric as absent, sum(gained.excused)::numeric as excused
    from gained
    group by gained.section_id, gained.subject_id, gained.date
), differing as (
    select
        marks.section_id, marks.subject_id, marks.student_id, marks.date
    from marks
    group by
        marks.student_id, marks.section_id, marks.subject_id, marks.date, marks.exact_average,
        marks.passed, marks.n
    having count(*) <> 2
    union
    select whole.section_id, null, whole.student_id, whole.date
    from whole
    group by
        whole.student_id, whole.section_id, whole.date, whole.exact_average, whole.passed, whole.n
    having count(*) <> 2
    union
    select registered.section_id, null, registered.student_id, registered.dates[1]
    from registered
    group by
        registered.student_id, registered.section_id, registered.dates, registered.present,
        registered.late, registered.absent, registered.excused
    having count(*) <> 2
    union
    select
        coalesce(summed.section_id, cached.section_id),
        coalesce(summed.subject_id, cached.subject_id), null, coalesce(summed.date, cached.date)
    from summed
    full join classpulse.section_trend as cached
        on cached.section_id = summed.section_id
        and coalesce(cached.subject_id, -1) = coalesce(summed.subject_id, -1)
        and cached.date = summed.date
    where (
        coalesce(cached.average_sum, 0), coalesce(cached.averages, 0), coalesce(cached.passed, 0),
        coalesce(cached.failed, 0), coalesce(cached.present, 0), coalesce(cached.late, 0),
        coalesce(cached.absent, 0), coalesce(cached.excused, 0)
    ) <> (
        coalesce(summed.average_sum, 0), coalesce(summed.averages, 0), coalesce(summed.passed, 0),
        coalesce(summed.failed, 0), coalesce(summed.present, 0), coalesce(summed.late, 0),
        coalesce(summed.absent, 0), coalesce(summed.excused, 0)
    )
)
select
    differing.section_id,
    format(
        'section %s%s%s: its trend is another than its rows give, from %s on',
        differing.section_id,
        case when differing.subject_id is not null then ', subject ' || differing.subject_id end,
        case when differing.student_id is not null then ', student ' || differing.student_id end,
        min(differing.date)
    ) as difference
from differing
group by differing.section_id, differing.subject_id, differing.student_id

-- name: hidden_tables
select problem from classpulse.hidden_tables

-- name: set_aside
-- What the projector could not calculate or tell, with what it met.
select
    format(
        'section %s: set aside since %s (tried %s times): %s',
        aside.section_id, to_char(aside.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        aside.tries, aside.reason
    ) as difference
from classpulse.set_aside as aside
order by aside.section_id

-- name: waiting_trends
-- Standings whose trend can't be derived, with the reason.
select
    format(
        'section %s: the trends of %s standings could not be derived: %s', stale.section_id,
        count(*), min(stale.problem)
    ) as difference
from classpulse.stale_trends as stale
where stale.problem is not null
group by stale.section_id
order by stale.section_id

-- name: is_due
select exists (
    select from classpulse.set_aside as aside where aside.retry_at <= clock_timestamp()
)

-- name: unreadable_policies
select
    case when policy.school_id is null
        then 'the default policy: its letter_scale can''t be read, the letters A+ to F are used'
        else format(
            'school %s: its letter_scale can''t be read, the letters A+ to F are used', policy.school_id
        )
    end as difference
from public.grading_policies as policy
where not exists (select from classpulse.readable_scale(policy.letter_scale))
order by policy.school_id nulls first

-- name: is_stale
select exists (select from classpulse.stale_sections)
    or exists (select from classpulse.stale_subjects)
    or exists (select from classpulse.stale_days)
    or exists (select from classpulse.due_trends)

-- name: machinery
-- What is not as it was installed, but for the wording of functions, views and triggers. A part that
-- came or went, or came back by a restore, is no difference: all figures are compared.
select missing.problem as difference
from classpulse.missing_triggers as missing
left join pg_class as c on c.oid = missing.relation
where missing.operation is not null or c.relkind = 'f'
union all
select problem from classpulse.misbound_views
union all
select problem from classpulse.strange_grants

-- name: body_of_definition_of
select function.prosrc
from pg_proc as function
where function.oid = to_regprocedure('classpulse.definition_of(text, text, text)')

-- name: revoke_strange_grants
select classpulse.revoke_strange_grants()

-- name: forget_figures
with subject_trends as (
    delete from classpulse.subject_trend where section_id = any($1::bigint[])
), standing_trends as (
    delete from classpulse.standing_trend where section_id = any($1::bigint[])
), sessions as (
    delete from classpulse.standing_sessions where section_id = any($1::bigint[])
), section_trends as (
    delete from classpulse.section_trend where section_id = any($1::bigint[])
), marks as (
    delete from classpulse.subject_standings where section_id = any($1::bigint[])
), policies as (
    delete from classpulse.subject_policies where section_id = any($1::bigint[])
), due as (
    delete from classpulse.due_items where section_id = any($1::bigint[])
), lacking as (
    delete from classpulse.unmarked where section_id = any($1::bigint[])
), registers as (
    delete from classpulse.register_days where section_id = any($1::bigint[])
), missed as (
    delete from classpulse.absent_days where section_id = any($1::bigint[])
), names as (
    delete from classpulse.student_names as named
    using public.enrollments as enrollment
    where enrollment.student_id = named.student_id and enrollment.section_id = any($1::bigint[])
), standings as (
    delete from public.student_performance_summaries where section_id = any($1::bigint[])
)
delete from public.performance_cache where section_id = any($1::bigint[])

-- name: forget_installed_functions
-- The next migrate then creates them again, with the views.
delete from classpulse.objects
where starts_with(file, 'functions/') or starts_with(file, 'views/')
