-- From Moodle's tables, staged as they are, into the school's: a section and a subject a course.
insert into public.schools (external_id, name) values ('moodle', 'Contoso University');

insert into public.subjects (school_id, external_id, code, name)
select school.id, course.id, course.shortname, course.fullname
from moodle.course, public.schools as school
where school.external_id = 'moodle';

insert into public.sections (school_id, external_id, name)
select school.id, course.id, course.fullname
from moodle.course, public.schools as school
where school.external_id = 'moodle';

-- those who have the role of most: students
create temporary table student_enrolment as
select enrolment.userid, enrolment.enrolid
from moodle.user_enrolments as enrolment
join moodle.role_assignments as assignment on assignment.itemid = enrolment.id
where
    assignment.roleid = (
        select other.roleid from moodle.role_assignments as other
        group by other.roleid order by count(*) desc limit 1
    );

insert into public.students (school_id, external_id, first_name, last_name, email)
select school.id, account.id, account.firstname, account.lastname, account.email
from moodle."user" as account, public.schools as school
where
    school.external_id = 'moodle'
    and account.id in (select userid from student_enrolment);

create temporary table graded as
select 'quiz-' || item.id as exam, item.course, item.name, item.grade as total, item.timeclose as due,
    'quiz-' || grade.id as id, grade.userid, grade.grade, grade.timemodified
from moodle.quiz_grades as grade
join moodle.quiz as item on item.id = grade.quiz
union all
select 'assign-' || item.id, item.course, item.name, item.grade, item.duedate,
    'assign-' || grade.id, grade.userid, grade.grade, grade.timemodified
from moodle.assign_grades as grade
join moodle.assign as item on item.id = grade.assignment;

-- the export lacks the table that says which course an enrolment is of: it is the one whose
-- graded users it holds
insert into public.enrollments (student_id, section_id)
select student.id, section.id
from (
    select distinct on (graded.course) graded.course, enrolment.enrolid
    from graded
    join student_enrolment as enrolment on enrolment.userid = graded.userid
    group by graded.course, enrolment.enrolid
    order by graded.course, count(distinct graded.userid) desc
) as course
join student_enrolment as enrolment on enrolment.enrolid = course.enrolid
join public.students as student on student.external_id = enrolment.userid
join public.sections as section on section.external_id = course.course;

insert into public.exams (external_id, section_id, subject_id, name, exam_date, total_marks)
select distinct on (graded.exam)
    graded.exam,
    section.id,
    subject.id,
    graded.name,
    case when graded.due like '____-__-__T%' then left(graded.due, 10)::date end,
    graded.total::numeric
from graded
join public.sections as section on section.external_id = graded.course
join public.subjects as subject on subject.external_id = graded.course;
