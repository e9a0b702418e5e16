-- One row a standing and subject, as a student's page shows it.
create or replace view classpulse.subject_standing_figures as
select
    standing.student_id,
    standing.section_id,
    classpulse.shown_name(section.name) as section_name,
    standing.subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    classpulse.shown_name(subject.code) as subject_code,
    standing.average as percentage,
    classpulse.rounded(standing.exact_average_if_missing_zero) as percentage_if_missing_zero,
    standing.letter,
    standing.passed,
    standing.graded_count,
    standing.missing_count,
    standing.exact_average
from classpulse.subject_standings as standing
join public.sections as section on section.id = standing.section_id
join public.subjects as subject on subject.id = standing.subject_id;
