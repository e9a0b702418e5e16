-- name: capture_is_intact
select classpulse.capture_is_intact();

-- name: wait
-- outside of a transaction block: it commits between its looks
call public.performance_wait(timeout => '15 s');

-- name: make_school
with school as (
    insert into public.schools (external_id, name) values ($1, 'classpulse check')
    returning id
),
section as (
    insert into public.sections (school_id, name)
    select school.id, name from school, unnest(array['Check A', 'Check B']) as name
    returning id, name
),
subject as (
    insert into public.subjects (school_id, code, name)
    select school.id, 'CHECK', 'Checking' from school
    returning id
),
educator as (
    insert into public.educators (school_id, email, full_name)
    select school.id, $2, 'Check Educator' from school
    returning id
)
select
    school.id as school_id,
    (select section.id from section where section.name = 'Check A') as section_id,
    (select section.id from section where section.name = 'Check B') as other_section_id,
    (select subject.id from subject) as subject_id,
    (select educator.id from educator) as educator_id
from school;

-- name: give_password
insert into classpulse.passwords (account_id, educator_id, hash)
select educator.account_id, educator.id, $2
from public.educators as educator
where educator.id = $1;

-- name: make_students
with student as (
    insert into public.students (school_id, student_number, first_name, last_name)
    select $1, 'CHECK-' || number, 'Check', 'Student ' || number
    from generate_series(1, 4) as number
    returning id
)
insert into public.enrollments (student_id, section_id)
select student.id, $2 from student
returning student_id;

-- name: teach
insert into public.section_educators (section_id, educator_id) values ($1, $2);

-- name: teach_no_more
delete from public.section_educators where section_id = $1 and educator_id = $2;

-- name: set_exam
insert into public.exams (section_id, subject_id, name, exam_date, total_marks)
values ($1, $2, 'Check exam', current_date, 50)
returning id;

-- name: write_grade
insert into public.grades (student_id, exam_id, score) values ($1, $2, $3) returning id;

-- name: change_grade
update public.grades set score = $2 where id = $1;

-- name: delete_grade
delete from public.grades where id = $1;

-- name: write_attendance
insert into public.attendance (student_id, section_id, date, status)
values ($1, $2, current_date, 'late')
returning id;

-- name: left_behind
-- schools of checks that were killed before they could tidy up
select school.id
from public.schools as school
where school.external_id like 'classpulse-check-%' and school.created_at < now() - interval '1 hour';

-- name: remove_grades
delete from public.grades
where student_id in (select student.id from public.students as student where student.school_id = $1);

-- name: remove_attendance
delete from public.attendance
where student_id in (select student.id from public.students as student where student.school_id = $1);

-- name: remove_exams
delete from public.exams
where section_id in (select section.id from public.sections as section where section.school_id = $1);

-- name: remove_students
delete from public.students where school_id = $1;

-- name: remove_subjects
delete from public.subjects where school_id = $1;

-- name: remove_passwords
delete from classpulse.passwords
where
    educator_id in (
        select educator.id from public.educators as educator where educator.school_id = $1
    );

-- name: remove_educators
delete from public.educators where school_id = $1;

-- name: remove_sections
delete from public.sections where school_id = $1;

-- name: remove_school
delete from public.schools where id = $1;
