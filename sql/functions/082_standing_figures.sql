-- One row a standing, as lists, pages and events show it.
create or replace view classpulse.standing_figures as
select
    student.id,
    student.student_number,
    trim(student.first_name || ' ' || student.last_name) as name,
    student.email,
    summary.section_id,
    section.name as section_name,
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
    student.first_name,
    student.last_name
from public.student_performance_summaries as summary
join public.students as student on student.id = summary.student_id
join public.sections as section on section.id = summary.section_id
left join public.enrollments as enrollment
    on enrollment.student_id = summary.student_id and enrollment.section_id = summary.section_id;
