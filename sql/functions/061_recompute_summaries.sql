-- Calculates these standings from their subject averages (of which the marks changed) and attendance
-- rows (of which the register changed), and moves the sections' figures by what came of it. What did
-- not change is carried over. Returns the standings whose row changed. Looked up by index, standing
-- by standing, as in recompute_subjects.
drop function if exists classpulse.recompute_summaries(bigint[], bigint[]);
create or replace function classpulse.recompute_summaries(
    marked_students bigint[],
    marked_sections bigint[],
    registered_students bigint[],
    registered_sections bigint[]
)
returns table (student_id bigint, section_id bigint)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    -- Sections with a present or late row: elsewhere (an absences-only export) no percentage
    -- can be known.
    known_before bigint[];
    turned bigint[];
begin
    if registered_sections <> '{}' then
        known_before := array(
            select figures.section_id from public.performance_cache as figures
            where figures.section_id = any(registered_sections)
                and figures.subject_id is null
                and figures.present_sessions + figures.late_sessions > 0
        );
    end if;
    return query
    with touched as (
        select
            named.student_id,
            named.section_id,
            bool_or(named.is_marked) as is_marked,
            bool_or(named.is_registered) as is_registered
        from (
            select marked.student_id, marked.section_id, true as is_marked, false as is_registered
            from unnest(marked_students, marked_sections) as marked (student_id, section_id)
            union all
            select registered.student_id, registered.section_id, false, true
            from unnest(registered_students, registered_sections)
                as registered (student_id, section_id)
        ) as named
        group by named.student_id, named.section_id
    ), live as (
        select
            touched.student_id, touched.section_id, touched.is_marked, touched.is_registered,
            enrollment.starts_on, enrollment.ends_on
        from touched
        join public.enrollments as enrollment
            on enrollment.student_id = touched.student_id
            and enrollment.section_id = touched.section_id
        join public.students as student on student.id = touched.student_id and student.is_active
    ), fresh as materialized (
        select
            live.student_id,
            live.section_id,
            shown.average,
            marks.average_if_missing_zero,
            decided.letter,
            decided.passed,
            marks.graded_count,
            marks.missing_count,
            marks.exact_average,
            sessions.present,
            sessions.late,
            sessions.absent,
            sessions.excused,
            marks.total_subjects,
            marks.passed_subjects,
            marks.failed_subjects,
            policy.present_sessions + policy.late_sessions > 0 as is_known,
            override.average as override_average,
            override.letter as override_letter,
            marks.grade_points,
            marks.uncounted_count,
            days.registers_expected,
            days.registers_taken,
            days.chronically_absent
        from live
        join public.performance_cache as policy
            on policy.section_id = live.section_id and policy.subject_id is null
        left join public.student_performance_summaries as known
            on known.student_id = live.student_id and known.section_id = live.section_id
        cross join lateral (
            select
                count(*)::integer as total_subjects,
                count(*) filter (where standing.passed)::integer as passed_subjects,
                count(*) filter (where not standing.passed)::integer as failed_subjects,
                coalesce(sum(standing.graded_count), 0)::integer as graded_count,
                coalesce(sum(standing.missing_count), 0)::integer as missing_count,
                classpulse.exact_mean(sum(standing.exact_average), count(standing.exact_average))
                    as exact_average,
                classpulse.rounded(classpulse.exact_mean(
                    sum(standing.exact_average_if_missing_zero),
                    count(standing.exact_average_if_missing_zero)
                )) as average_if_missing_zero,
                classpulse.rounded(classpulse.exact_mean(
                    sum(standing.letter_points), count(standing.letter_points)
                )) as grade_points,
                coalesce(sum(standing.uncounted_count), 0)::integer as uncounted_count
            from classpulse.subject_standings as standing
            where standing.student_id = live.student_id and standing.section_id = live.section_id
            -- where this does not hold, not a row is read
            having live.is_marked or known.student_id is null
            union all
            select
                known.total_subjects, known.passed_subjects, known.failed_subjects,
                known.graded_count, known.missing_count, known.exact_average,
                known.average_if_missing_zero, known.grade_points, known.uncounted_count
            where not live.is_marked and known.student_id is not null
        ) as marks
        cross join lateral (
            -- `offset 0`: calculated once, not wherever it is named
            select classpulse.rounded(marks.exact_average) as average offset 0
        ) as shown
        left join public.grade_overrides as override
            on override.student_id = live.student_id
            and override.section_id = live.section_id
            and override.subject_id is null
        cross join lateral (
            select result.letter, result.passed
            from classpulse.result(
                shown.average, override.average, override.letter, policy.pass_mark, policy.letters,
                policy.minimums
            ) as result
            offset 0
        ) as decided
        cross join lateral (
            select
                count(*) filter (where register.status = 'present')::integer as present,
                count(*) filter (where register.status = 'late')::integer as late,
                count(*) filter (where register.status = 'absent')::integer as absent,
                count(*) filter (where register.status = 'excused')::integer as excused
            from public.attendance as register
            where register.student_id = live.student_id
                and (register.section_id = live.section_id or register.section_id is null)
            having live.is_registered or known.student_id is null
            union all
            select
                known.present_sessions, known.late_sessions, known.absent_sessions,
                known.excused_sessions
            where not live.is_registered and known.student_id is not null
        ) as sessions
        -- where there is a calendar; else the sessions say it
        cross join lateral (
            select
                of_calendar.registers_expected, of_calendar.registers_taken,
                of_calendar.chronically_absent
            from classpulse.standing_days(
                live.student_id, live.section_id, live.starts_on, live.ends_on,
                policy.registers_expected
            ) as of_calendar
            where policy.registers_expected is not null
                and (live.is_registered or known.student_id is null)
            union all
            select known.registers_expected, known.registers_taken, known.chronically_absent
            where policy.registers_expected is not null
                and not live.is_registered and known.student_id is not null
            union all
            select null, null, null
            where policy.registers_expected is null
        ) as days
    ), before as materialized (
        select summary.*
        from touched
        join public.student_performance_summaries as summary
            on summary.student_id = touched.student_id
            and summary.section_id = touched.section_id
    ), gone as (
        delete from public.student_performance_summaries as summary
        using (
            select before.student_id, before.section_id from before
            except
            select fresh.student_id, fresh.section_id from fresh
        ) as left_over
        where summary.student_id = left_over.student_id
            and summary.section_id = left_over.section_id
        returning summary.student_id, summary.section_id
    ), written as (
        insert into public.student_performance_summaries as summary (
            student_id, section_id, average, average_if_missing_zero, letter, passed,
            graded_count, missing_count, exact_average, present_sessions, late_sessions,
            absent_sessions, excused_sessions, attended_sessions, total_sessions,
            attendance_percentage, attendance_percentage_unexcused, chronically_absent,
            total_subjects, passed_subjects, failed_subjects, override_average,
            override_letter, grade_points, uncounted_count, registers_expected,
            registers_taken, updated_at
        )
        select
            fresh.student_id, fresh.section_id, fresh.average, fresh.average_if_missing_zero,
            fresh.letter, fresh.passed, fresh.graded_count, fresh.missing_count,
            fresh.exact_average, fresh.present, fresh.late, fresh.absent, fresh.excused,
            fresh.present + fresh.late,
            fresh.present + fresh.late + fresh.absent + fresh.excused,
            shown.percentage, shown.percentage_unexcused,
            coalesce(fresh.chronically_absent, shown.chronically_absent),
            fresh.total_subjects, fresh.passed_subjects, fresh.failed_subjects,
            fresh.override_average, fresh.override_letter, fresh.grade_points,
            fresh.uncounted_count, fresh.registers_expected, fresh.registers_taken,
            clock_timestamp()
        from fresh
        cross join lateral classpulse.attendance_shown(
            fresh.present, fresh.late, fresh.absent, fresh.excused, fresh.is_known
        ) as shown
        on conflict (student_id, section_id) do update set
            average = excluded.average,
            average_if_missing_zero = excluded.average_if_missing_zero,
            letter = excluded.letter,
            passed = excluded.passed,
            graded_count = excluded.graded_count,
            missing_count = excluded.missing_count,
            exact_average = excluded.exact_average,
            present_sessions = excluded.present_sessions,
            late_sessions = excluded.late_sessions,
            absent_sessions = excluded.absent_sessions,
            excused_sessions = excluded.excused_sessions,
            attended_sessions = excluded.attended_sessions,
            total_sessions = excluded.total_sessions,
            attendance_percentage = excluded.attendance_percentage,
            attendance_percentage_unexcused = excluded.attendance_percentage_unexcused,
            chronically_absent = excluded.chronically_absent,
            total_subjects = excluded.total_subjects,
            passed_subjects = excluded.passed_subjects,
            failed_subjects = excluded.failed_subjects,
            override_average = excluded.override_average,
            override_letter = excluded.override_letter,
            grade_points = excluded.grade_points,
            uncounted_count = excluded.uncounted_count,
            registers_expected = excluded.registers_expected,
            registers_taken = excluded.registers_taken,
            updated_at = excluded.updated_at
        where (
            summary.exact_average, summary.average_if_missing_zero, summary.letter, summary.passed,
            summary.graded_count, summary.missing_count, summary.present_sessions,
            summary.late_sessions, summary.absent_sessions, summary.excused_sessions,
            summary.attendance_percentage, summary.total_subjects, summary.passed_subjects,
            summary.failed_subjects, summary.override_average, summary.override_letter,
            summary.grade_points, summary.uncounted_count, summary.registers_expected,
            summary.registers_taken, summary.chronically_absent
        ) is distinct from (
            excluded.exact_average, excluded.average_if_missing_zero, excluded.letter,
            excluded.passed, excluded.graded_count, excluded.missing_count,
            excluded.present_sessions, excluded.late_sessions, excluded.absent_sessions,
            excluded.excused_sessions, excluded.attendance_percentage, excluded.total_subjects,
            excluded.passed_subjects, excluded.failed_subjects, excluded.override_average,
            excluded.override_letter, excluded.grade_points, excluded.uncounted_count,
            excluded.registers_expected, excluded.registers_taken, excluded.chronically_absent
        )
        returning summary.student_id, summary.section_id
    ), step as (
        select
            fresh.section_id, 1 as sign, fresh.exact_average, fresh.letter, fresh.passed,
            fresh.graded_count, fresh.present, fresh.late, fresh.absent, fresh.excused,
            fresh.uncounted_count
        from fresh
        union all
        select
            before.section_id, -1, before.exact_average, before.letter, before.passed,
            before.graded_count, before.present_sessions, before.late_sessions,
            before.absent_sessions, before.excused_sessions, before.uncounted_count
        from before
    ), letters as (
        select counted.section_id, jsonb_object_agg(counted.letter, counted.n) as n
        from (
            select step.section_id, step.letter, sum(step.sign) as n
            from step where step.letter is not null
            group by step.section_id, step.letter
            having sum(step.sign) <> 0
        ) as counted
        group by counted.section_id
    ), graded as (
        select counted.section_id, jsonb_object_agg(counted.graded_count, counted.n) as n
        from (
            select step.section_id, step.graded_count, sum(step.sign) as n
            from step
            group by step.section_id, step.graded_count
            having sum(step.sign) <> 0
        ) as counted
        group by counted.section_id
    ), moved as (
        select
            step.section_id,
            sum(step.sign) as students,
            coalesce(sum(step.sign * step.exact_average), 0) as average_sum,
            coalesce(sum(step.sign) filter (where step.exact_average is not null), 0) as averages,
            coalesce(sum(step.sign) filter (where step.passed), 0) as passed,
            coalesce(sum(step.sign) filter (where not step.passed), 0) as failed,
            sum(step.sign * step.present) as present,
            sum(step.sign * step.late) as late,
            sum(step.sign * step.absent) as absent,
            sum(step.sign * step.excused) as excused,
            sum(step.sign * step.uncounted_count) as uncounted
        from step
        group by step.section_id
    ), summed as (
        update public.performance_cache as figures set
            total_students = figures.total_students + moved.students,
            average_sum = figures.average_sum + moved.average_sum,
            averages = figures.averages + moved.averages,
            passed_students = figures.passed_students + moved.passed,
            failed_students = figures.failed_students + moved.failed,
            present_sessions = figures.present_sessions + moved.present,
            late_sessions = figures.late_sessions + moved.late,
            absent_sessions = figures.absent_sessions + moved.absent,
            excused_sessions = figures.excused_sessions + moved.excused,
            uncounted_count = figures.uncounted_count + moved.uncounted,
            grade_distribution
                = classpulse.counts_added(
                    figures.grade_distribution, coalesce(letters.n, '{}'), true
                ),
            graded_counts = classpulse.counts_added(
                figures.graded_counts, coalesce(graded.n, '{}'), false
            )
        from moved
        left join letters on letters.section_id = moved.section_id
        left join graded on graded.section_id = moved.section_id
        where figures.section_id = moved.section_id
            and figures.subject_id is null
            and (
                moved.students, moved.average_sum, moved.averages, moved.passed, moved.failed,
                moved.present, moved.late, moved.absent, moved.excused, moved.uncounted, letters.n,
                graded.n
            ) is distinct from (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null::jsonb, null::jsonb)
    )
    select written.student_id, written.section_id from written
    union all
    select gone.student_id, gone.section_id from gone;

    if registered_sections <> '{}' then
        turned := array(
            select figures.section_id from public.performance_cache as figures
            where figures.section_id = any(registered_sections)
                and figures.subject_id is null
                and (figures.present_sessions + figures.late_sessions > 0)
                <> (figures.section_id = any(known_before))
        );
    end if;
    if turned <> '{}' then
        return query
        update public.student_performance_summaries as summary set
            attendance_percentage = shown.percentage,
            attendance_percentage_unexcused = shown.percentage_unexcused,
            updated_at = clock_timestamp()
        from public.student_performance_summaries as old_row
        cross join lateral classpulse.attendance_shown(
            old_row.present_sessions, old_row.late_sessions, old_row.absent_sessions,
            old_row.excused_sessions, old_row.section_id <> all(known_before)
        ) as shown
        where old_row.section_id = any(turned)
            and summary.student_id = old_row.student_id
            and summary.section_id = old_row.section_id
            and (
                summary.attendance_percentage, summary.attendance_percentage_unexcused
            ) is distinct from (shown.percentage, shown.percentage_unexcused)
        returning summary.student_id, summary.section_id;
    end if;
end
$$;
