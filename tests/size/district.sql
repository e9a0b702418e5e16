-- A district of $sections sections of 30 standings each, as the projector would have left it: the
-- school's rows and the cached figures, written without a batch. One student in twenty is in two
-- sections. Subjects: eight a section; each student is graded in the first.
set session_replication_role = replica;
alter table sections disable trigger classpulse_capture_insert;
alter table students disable trigger classpulse_capture_insert;
alter table enrollments disable trigger classpulse_capture_insert;
alter table exams disable trigger classpulse_capture_insert;
alter table grades disable trigger classpulse_capture_insert;

insert into schools (id, name, time_zone) values (1, 'District', 'UTC');
insert into terms (id, school_id, name, starts_on, ends_on) values
(1, 1, 'Now', current_date - 30, current_date + 300),
(2, 1, 'Before', current_date - 400, current_date - 300);
insert into educators (id, school_id, email, full_name, role) values
(1, 1, 'teacher@district.school', 'Teacher', 'educator'),
(3, 1, 'head@district.school', 'Head', 'principal'),
(4, null, 'admin@all.school', 'Admin', 'admin');
insert into sections (id, school_id, term_id, name)
select n, 1, 1, 'Class ' || n % 13 + 1 || '-' || to_char(n, 'FM0000')
from generate_series(1, $sections) as n;
insert into section_educators (section_id, educator_id) values (1, 1), (2, 1), (3, 1);
insert into subjects (id, school_id, code, name)
select n, 1, 'S' || n, (array[
    'Mathematics', 'English', 'Biology', 'Chemistry', 'Physics', 'History', 'Geography', 'Art'
])[n]
from generate_series(1, 8) as n;
insert into students (id, school_id, student_number, first_name, last_name, email)
select n, 1, 'N' || n, 'First' || n % 997, 'Last' || n % 9973, 's' || n || '@district.school'
from generate_series(1, $sections * 30 * 95 / 100) as n;
insert into enrollments (student_id, section_id, roll_number)
select n % ($sections * 30 * 95 / 100) + 1, n / 30 + 1, n % 30 + 1
from generate_series(0, $sections * 30 - 1) as n;
insert into exams (id, section_id, subject_id, name, exam_date, total_marks)
select section * 8 + subject, section, subject, 'Test', current_date - 7, 100
from generate_series(1, $sections) as section, generate_series(1, 8) as subject;

-- what a standing has in its subject, from 30 to 99.99
create temporary table mark as
select
    enrollment.student_id,
    enrollment.section_id,
    enrollment.student_id % 8 + 1 as subject_id,
    30 + (enrollment.student_id * 7919 + enrollment.section_id * 104729) % 7000 / 100.0 as average
from enrollments as enrollment
-- one in sixty has nothing yet
where (enrollment.student_id * 31 + enrollment.section_id) % 60 > 0;
insert into grades (student_id, section_id, subject_id, exam_id, score, total_marks, status)
select
    mark.student_id, mark.section_id, mark.subject_id, mark.section_id * 8 + mark.subject_id,
    mark.average, 100, 'graded'
from mark;
insert into classpulse.subject_standings
select
    mark.student_id, mark.section_id, mark.subject_id, 1, 0, mark.average, 100, 0,
    mark.average, mark.average, round(mark.average, 2),
    (array['F', 'D', 'D+', 'C', 'C+', 'B', 'B+', 'A', 'A+'])[
        width_bucket(mark.average, array[0, 60, 65, 70, 75, 80, 85, 90, 95]::numeric[])
    ],
    mark.average >= 60
from mark;
insert into public.student_performance_summaries (
    student_id, section_id, average, average_if_missing_zero, letter, passed, graded_count,
    missing_count, attended_sessions, total_sessions, attendance_percentage, chronically_absent,
    exact_average, present_sessions, late_sessions, absent_sessions, excused_sessions,
    attendance_percentage_unexcused, total_subjects, passed_subjects, failed_subjects
)
select
    enrollment.student_id, enrollment.section_id, standing.average, standing.average,
    standing.letter, standing.passed, coalesce(standing.graded_count, 0), 0,
    20 - absent.n, 20, 5 * (20 - absent.n), absent.n >= 2, standing.exact_average,
    20 - absent.n, 0, absent.n, 0, 5 * (20 - absent.n),
    case when standing.passed is null then 0 else 1 end,
    case when standing.passed then 1 else 0 end,
    case when not standing.passed then 1 else 0 end
from enrollments as enrollment
cross join lateral (
    select case when enrollment.student_id % 10 = 0 then 3 else 1 end as n
) as absent
left join classpulse.subject_standings as standing
    on standing.student_id = enrollment.student_id
    and standing.section_id = enrollment.section_id;
-- keys that sort as the real ones, which take half a minute; a leader finds nothing to name again
insert into classpulse.student_names (student_id, basis, by_name, by_last_name, words, number)
select
    student.id,
    expected.basis,
    lower(student.first_name || chr(1) || student.last_name),
    lower(student.last_name || chr(1) || student.first_name),
    lower(concat_ws(
        ' ', '', student.first_name, student.last_name, student.student_number,
        translate(student.email, '@.', '  ')
    )),
    lower(student.student_number)
from students as student
join classpulse.expected_names as expected on expected.student_id = student.id;

insert into public.performance_cache (
    section_id, subject_id, total_students, average_score, highest_score, lowest_score,
    passed_students, failed_students, pass_rate, grade_distribution, attendance_average, no_data,
    average_sum, present_sessions, absent_sessions, graded_counts, pass_mark, letters, minimums,
    averages
)
select
    figures.section_id, null, figures.n, round(figures.average_sum / figures.known, 2),
    figures.highest, figures.lowest, figures.passed, figures.known - figures.passed,
    round(figures.passed * 100.0 / figures.known, 2), letters.distribution,
    round(figures.present * 100.0 / (figures.present + figures.absent), 2),
    figures.n - figures.known, figures.average_sum, figures.present, figures.absent,
    jsonb_strip_nulls(jsonb_build_object('0', nullif(figures.n - figures.known, 0), '1', figures.known)),
    60, array['F', 'D', 'D+', 'C', 'C+', 'B', 'B+', 'A', 'A+'],
    array[0, 60, 65, 70, 75, 80, 85, 90, 95], figures.known
from (
    select
        section_id, count(*) as n, count(average) as known, sum(exact_average) as average_sum,
        max(average) as highest, min(average) as lowest,
        count(*) filter (where passed) as passed,
        sum(present_sessions) as present, sum(absent_sessions) as absent
    from public.student_performance_summaries
    group by section_id
) as figures
cross join lateral (
    select jsonb_object_agg(letter.name, (
        select count(*) from public.student_performance_summaries as summary
        where summary.section_id = figures.section_id and summary.letter = letter.name
    )) as distribution
    from unnest(array['F', 'D', 'D+', 'C', 'C+', 'B', 'B+', 'A', 'A+']) as letter (name)
) as letters;
-- the section's own figures a little lower or higher
insert into public.performance_cache (
    section_id, subject_id, total_students, average_score, highest_score, lowest_score,
    passed_students, failed_students, pass_rate, grade_distribution, no_data, average_sum,
    averages
)
select
    figures.section_id, subject.id, figures.total_students, figures.average_score + subject.id - 4,
    figures.highest_score, figures.lowest_score, figures.passed_students, figures.failed_students,
    figures.pass_rate, figures.grade_distribution, figures.no_data,
    figures.average_sum
    + (subject.id - 4) * (figures.passed_students + figures.failed_students),
    figures.averages
from public.performance_cache as figures
cross join subjects as subject
where figures.subject_id is null;

select setval(pg_get_serial_sequence('public.' || name, 'id'), 1000000)
from unnest(array[
    'schools', 'terms', 'educators', 'sections', 'subjects', 'students', 'exams', 'grades'
]) as name;

alter table sections enable always trigger classpulse_capture_insert;
alter table students enable always trigger classpulse_capture_insert;
alter table enrollments enable always trigger classpulse_capture_insert;
alter table exams enable always trigger classpulse_capture_insert;
alter table grades enable always trigger classpulse_capture_insert;
-- what the other triggers captured is in the figures
delete from classpulse.changes;
delete from classpulse.stale_sections;
reset session_replication_role;
