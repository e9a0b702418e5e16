-- One row a section and subject, as the API and the events show it.
create or replace view classpulse.subject_figures as
select
    figures.subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    classpulse.shown_name(subject.code) as subject_code,
    figures.section_id,
    classpulse.shown_name(section.name) as section_name,
    section.school_id,
    section.term_id,
    figures.total_students,
    figures.passed_students,
    figures.failed_students,
    figures.no_data,
    figures.pass_rate,
    figures.average_score,
    figures.highest_score,
    figures.lowest_score,
    figures.attendance_average,
    classpulse.ordered_distribution(
        figures.grade_distribution, coalesce(policy.letters, whole.letters)
    ) as grade_distribution,
    figures.average_sum,
    figures.present_sessions,
    figures.late_sessions,
    figures.absent_sessions,
    figures.excused_sessions,
    figures.updated_at,
    figures.averages,
    -- registers are the section's, of whatever subject
    classpulse.coverage_shown(
        figures.due_items, figures.marked_items, whole.registers_expected, whole.registers_taken,
        figures.uncounted_count
    ) as coverage
from public.performance_cache as figures
join public.performance_cache as whole
    on whole.section_id = figures.section_id and whole.subject_id is null
left join classpulse.subject_policies as policy
    on policy.section_id = figures.section_id and policy.subject_id = figures.subject_id
join public.sections as section on section.id = figures.section_id
join public.subjects as subject on subject.id = figures.subject_id;
