-- name: sections
-- What an overview shows of these sections.
select
    figures.section_id,
    figures.section_name,
    figures.total_students,
    figures.passed_students,
    figures.failed_students,
    figures.no_data,
    figures.pass_rate,
    figures.average_score,
    figures.highest_score,
    figures.lowest_score,
    figures.attendance_average,
    figures.grade_distribution
from classpulse.section_figures as figures
where figures.section_id = any(cast(:sections as bigint[]))
order by figures.section_id;

-- name: subjects
-- What an overview shows of the subjects that are `asked`, and of all that the sections in
-- `of_sections` have; of the sums that `merged.subjects` made, at most so many.
select
    of_subject.subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    classpulse.shown_name(subject.code) as subject_code,
    subject.school_id,
    of_subject.total_sections,
    of_subject.total_students,
    of_subject.standings,
    of_subject.passed_students,
    of_subject.failed_students,
    of_subject.no_data,
    classpulse.rounded(classpulse.exact_percentage(
        of_subject.passed_students, of_subject.passed_students + of_subject.failed_students
    )) as pass_rate,
    classpulse.rounded(classpulse.exact_mean(
        of_subject.average_sum, of_subject.averages
    )) as average_score,
    of_subject.highest_score,
    of_subject.lowest_score,
    classpulse.rounded(classpulse.exact_percentage(of_subject.attended, of_subject.recorded))
        as attendance_average,
    of_subject.grade_distribution,
    classpulse.coverage_shown(
        of_subject.due_items, of_subject.marked_items,
        case when of_subject.calendars > 0 then of_subject.registers_expected end,
        of_subject.registers_taken, of_subject.uncounted_count
    ) as coverage
from json_to_recordset(cast(:sums as json)) as of_subject (
    subject_id bigint,
    total_sections bigint,
    standings bigint,
    total_students bigint,
    passed_students bigint,
    failed_students bigint,
    no_data bigint,
    averages bigint,
    average_sum numeric,
    highest_score numeric,
    lowest_score numeric,
    attended numeric,
    recorded numeric,
    due_items bigint,
    marked_items bigint,
    calendars bigint,
    registers_expected bigint,
    registers_taken bigint,
    uncounted_count bigint,
    grade_distribution json
)
join public.subjects as subject on subject.id = of_subject.subject_id
where of_subject.subject_id = any(cast(:asked as bigint[]))
    or of_subject.subject_id in (
        select figures.subject_id
        from public.performance_cache as figures
        where figures.section_id = any(cast(:of_sections as bigint[]))
    )
order by of_subject.subject_id
limit cast(:limit as bigint);

-- name: reaches_the_listed
-- Whether somebody in these sections comes as far up, or down, as those who are listed.
select exists (
    select from public.student_performance_summaries as summary
    where summary.section_id = any(cast(:sections as bigint[]))
        and (
            summary.average >= cast(:top_bar as numeric)
            or summary.average <= cast(:low_bar as numeric)
        )
) as found;
