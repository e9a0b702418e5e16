-- name: as_a_writer
set role classpulse_writer;

-- name: a_section
-- any section that somebody is in; of one school where its key is given
select section.id, section.name
from public.sections as section
join public.schools as school on school.id = section.school_id
where
    ($1::text is null or school.external_id = $1)
    and exists (select from public.enrollments as member where member.section_id = section.id)
order by random()
limit 1;

-- name: next_to_grade
-- the next student, in the order of the roll, of the oldest exam that is not marked to the end
select
    exam.id as exam_id,
    exam.name as exam_name,
    exam.subject_id,
    exam.total_marks,
    student.id as student_id,
    student.first_name || ' ' || student.last_name as student_name
from public.exams as exam
join public.enrollments as member on member.section_id = exam.section_id
join public.students as student on student.id = member.student_id and student.is_active
left join public.grades as grade
    on grade.exam_id = exam.id and grade.student_id = student.id
where
    exam.section_id = $1
    and exam.exam_date <= $2
    and exam.total_marks > 0
    and (grade.id is null or grade.status = 'pending')
order by exam.exam_date, exam.id, member.roll_number nulls last, student.id
limit 1;

-- name: grade
insert into public.grades (student_id, exam_id, score, status, graded_on)
values ($1, $2, $3, $4, $5)
on conflict (student_id, exam_id) do update
set score = excluded.score, status = excluded.status, graded_on = excluded.graded_on;

-- name: grades_to_correct
select
    grade.id,
    grade.student_id,
    grade.subject_id,
    coalesce(grade.exam_id, 0) as exam_id,
    grade.score,
    grade.total_marks,
    grade.status,
    coalesce(exam.name, subject.name) as exam_name,
    student.first_name || ' ' || student.last_name as student_name
from public.grades as grade
join public.students as student on student.id = grade.student_id
join public.subjects as subject on subject.id = grade.subject_id
left join public.exams as exam on exam.id = grade.exam_id
where
    grade.section_id = $1
    and grade.status in ('graded', 'missing')
    and grade.total_marks > 0
order by random()
limit 10;

-- name: correct_grade
update public.grades set score = $2, status = $3, updated_at = now() where id = $1;

-- name: next_on_the_register
select student.id, student.first_name || ' ' || student.last_name as student_name
from public.enrollments as member
join public.students as student on student.id = member.student_id and student.is_active
where
    member.section_id = $1
    and not exists (
        select from public.attendance as present
        where
            present.student_id = member.student_id
            and present.section_id = member.section_id
            and present.date = $2
            and present.period = 0
    )
order by member.roll_number nulls last, student.id
limit 1;

-- name: enter_attendance
insert into public.attendance (student_id, section_id, date, status) values ($1, $2, $3, $4);

-- name: attendance_to_correct
select
    entry.id,
    entry.student_id,
    entry.date,
    entry.status,
    student.first_name || ' ' || student.last_name as student_name
from public.attendance as entry
join public.students as student on student.id = entry.student_id
where entry.section_id = $1 and entry.date > $2::date - 14
order by random()
limit 10;

-- name: correct_attendance
update public.attendance set status = $2, updated_at = now() where id = $1;

-- name: simulated_exams
-- what the simulator itself has set in this section: how many, the oldest, since when none
select
    count(*) as exams,
    (array_agg(exam.id order by exam.id))[1] as oldest_id,
    (array_agg(exam.name order by exam.id))[1] as oldest_name,
    coalesce(max(exam.created_at) > now() - interval '30 minutes', false) as lately
from public.exams as exam
where exam.section_id = $1 and exam.external_id like 'simulated-%';

-- name: a_subject
select subject.id, subject.name
from public.subjects as subject
join public.sections as section on section.school_id = subject.school_id
where
    section.id = $1
    and (
        exists (
            select from public.exams as exam
            where exam.section_id = section.id and exam.subject_id = subject.id
        )
        or not exists (select from public.exams as exam where exam.section_id = section.id)
    )
order by random()
limit 1;

-- name: set_exam
-- into the category that the subject's work is in most often
insert into public.exams (
    external_id, section_id, subject_id, name, exam_date, total_marks, category_id
)
values (
    'simulated-' || gen_random_uuid(), $1::bigint, $2::bigint, $3, $4, $5,
    (
        select mode() within group (order by exam.category_id)
        from public.exams as exam
        where exam.section_id = $1 and exam.subject_id = $2
    )
);

-- name: withdraw_exam
delete from public.exams where id = $1;

-- name: an_exam_far_off
select exam.id, exam.name, exam.exam_date
from public.exams as exam
where exam.section_id = $1 and exam.exam_date > $2::date + 7
order by random()
limit 1;

-- name: move_exam
update public.exams set exam_date = $2, updated_at = now() where id = $1;
