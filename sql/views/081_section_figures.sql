-- One row for every section, an empty one too, as the API and the events show it.
create or replace view classpulse.section_figures as
select
    section.id as section_id,
    classpulse.shown_name(section.name) as section_name,
    section.school_id,
    section.term_id,
    coalesce(figures.total_students, 0) as total_students,
    coalesce(figures.passed_students, 0) as passed_students,
    coalesce(figures.failed_students, 0) as failed_students,
    coalesce(figures.no_data, 0) as no_data,
    figures.pass_rate,
    figures.average_score,
    figures.highest_score,
    figures.lowest_score,
    figures.attendance_average,
    classpulse.ordered_distribution(
        coalesce(figures.grade_distribution, '{}'),
        -- as a subquery, because reading a scale is for sections without figures alone
        coalesce(
            figures.letters,
            (
                select policy.letters from classpulse.section_policies as policy
                where policy.section_id = section.id
            )
        )
    ) as grade_distribution,
    coalesce(
        (
            select json_agg(
                json_build_object(
                    'subject_id', subject.id,
                    'subject_name', classpulse.shown_name(subject.name),
                    'average', of_subject.average_score
                ) order by subject.name, subject.id
            )
            from public.performance_cache as of_subject
            join public.subjects as subject on subject.id = of_subject.subject_id
            where of_subject.section_id = section.id
        ),
        '[]'
    ) as subject_averages,
    coalesce(figures.average_sum, 0) as average_sum,
    coalesce(figures.present_sessions, 0) as present_sessions,
    coalesce(figures.late_sessions, 0) as late_sessions,
    coalesce(figures.absent_sessions, 0) as absent_sessions,
    coalesce(figures.excused_sessions, 0) as excused_sessions,
    classpulse.median_of_counts(figures.graded_counts) as graded_median,
    coalesce(
        figures.pass_mark,
        (
            select policy.pass_mark from classpulse.section_policies as policy
            where policy.section_id = section.id
        )
    ) as pass_mark,
    figures.updated_at,
    coalesce(figures.averages, 0) as averages,
    classpulse.coverage_shown(
        coalesce(figures.due_items, 0), coalesce(figures.marked_items, 0),
        figures.registers_expected, coalesce(figures.registers_taken, 0),
        coalesce(figures.uncounted_count, 0)
    ) as coverage,
    case when figures.registers_expected is null then 'sessions' else 'calendar' end
        as absence_basis
from public.sections as section
left join public.performance_cache as figures
    on figures.section_id = section.id and figures.subject_id is null;
