-- One row a standing, as lists, pages and events show it.
create or replace view classpulse.standing_figures as
select
    student.id,
    classpulse.shown_name(student.student_number) as student_number,
    classpulse.shown_name(trim(student.first_name || ' ' || student.last_name)) as name,
    classpulse.shown_name(student.email) as email,
    summary.section_id,
    classpulse.shown_name(section.name) as section_name,
    section.school_id,
    section.term_id,
    enrollment.roll_number,
    summary.average as average_score,
    summary.exact_average,
    summary.average_if_missing_zero,
    summary.letter,
    case
        when summary.passed then 'pass'
        when not summary.passed then 'fail'
        else 'no_data'
    end as status,
    summary.attendance_percentage,
    summary.attendance_percentage_unexcused,
    summary.chronically_absent,
    summary.attended_sessions,
    summary.total_sessions,
    summary.present_sessions,
    summary.late_sessions,
    summary.absent_sessions,
    summary.excused_sessions,
    summary.graded_count,
    summary.missing_count,
    summary.total_subjects,
    summary.passed_subjects,
    summary.failed_subjects,
    classpulse.shown_name(student.first_name) as first_name,
    classpulse.shown_name(student.last_name) as last_name,
    -- whom no batch has named yet is sorted and found all the same
    -- no more than a moment without a row: a batch that makes a standing names its student
    coalesce(named.by_name, '') as by_name,
    coalesce(named.by_last_name, '') as by_last_name,
    named.words,
    named.number as number_searched,
    summary.override_average,
    classpulse.shown_name(summary.override_letter) as override_letter,
    summary.override_average is not null or summary.override_letter is not null as overridden,
    summary.grade_points,
    summary.uncounted_count,
    -- what is due is the section's, and so are the registers of one without dates of its own
    (
        select classpulse.coverage_shown(
            figures.due_items, figures.due_items - summary.unmarked_items,
            coalesce(summary.registers_expected, figures.registers_expected),
            coalesce(summary.registers_taken, figures.registers_taken), summary.uncounted_count
        )
        from public.performance_cache as figures
        where figures.section_id = summary.section_id and figures.subject_id is null
    ) as coverage,
    (
        select case when figures.registers_expected is null then 'sessions' else 'calendar' end
        from public.performance_cache as figures
        where figures.section_id = summary.section_id and figures.subject_id is null
    ) as absence_basis,
    -- for lists, which look once for what many standings of a section share
    summary.unmarked_items,
    summary.registers_expected as own_registers_expected,
    summary.registers_taken as own_registers_taken
from public.student_performance_summaries as summary
join public.students as student on student.id = summary.student_id
join public.sections as section on section.id = summary.section_id
left join public.enrollments as enrollment
    on enrollment.student_id = summary.student_id and enrollment.section_id = summary.section_id
left join classpulse.student_names as named on named.student_id = summary.student_id;
