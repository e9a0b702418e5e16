-- Counts the registers of standings again, and who is chronically absent: of sections with another
-- calendar, term or day, and of those standings with dates of their own whose section took a
-- register. Returns the standings that changed.
create or replace function classpulse.recount_days(
    calendar_sections bigint[], taken_sections bigint[]
)
returns table (student_id bigint, section_id bigint)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    update public.student_performance_summaries as summary set
        registers_expected = fresh.registers_expected,
        registers_taken = fresh.registers_taken,
        chronically_absent = fresh.chronically_absent,
        updated_at = clock_timestamp()
    from (
        select known.student_id, known.section_id, days.*
        from public.performance_cache as whole
        join public.student_performance_summaries as known on known.section_id = whole.section_id
        join public.enrollments as enrollment
            on enrollment.student_id = known.student_id
            and enrollment.section_id = known.section_id
        cross join lateral (
            select of_calendar.*
            from classpulse.standing_days(
                known.student_id, known.section_id, enrollment.starts_on, enrollment.ends_on,
                whole.registers_expected
            ) as of_calendar
            where whole.registers_expected is not null
            union all
            select null, null, shown.chronically_absent
            from classpulse.attendance_shown(
                known.present_sessions, known.late_sessions, known.absent_sessions,
                known.excused_sessions, false
            ) as shown
            where whole.registers_expected is null
        ) as days
        where whole.section_id = any(calendar_sections || taken_sections)
            and whole.subject_id is null
            and (
                whole.section_id = any(calendar_sections)
                or (
                    whole.registers_expected is not null
                    and (enrollment.starts_on is not null or enrollment.ends_on is not null)
                )
            )
    ) as fresh
    where summary.student_id = fresh.student_id
        and summary.section_id = fresh.section_id
        and (
            summary.registers_expected, summary.registers_taken, summary.chronically_absent
        ) is distinct from (
            fresh.registers_expected, fresh.registers_taken, fresh.chronically_absent
        )
    returning summary.student_id, summary.section_id;
end
$$;
