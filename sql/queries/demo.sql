-- name: one_at_a_time
-- two demos of one data directory must not both load
select pg_advisory_xact_lock(hashtextextended('classpulse demo', 0));

-- name: made_by_demo
select exists (
    select from classpulse.properties as property
    where property.name = 'made_by' and property.value = 'demo'
);

-- name: holds_a_school
select exists (select from public.schools)
or exists (select from public.students)
or exists (select from public.educators);

-- name: go_on_counting
-- rows were loaded with their ids; the next one must not collide
select setval(pg_get_serial_sequence('public.' || $1::text, 'id'), $2::bigint);

-- name: set_passwords
insert into classpulse.passwords (account_id, educator_id, hash)
select educator.account_id, educator.id, $1 from public.educators as educator
where educator.email like '%@demo.school'
on conflict (account_id) do update set hash = excluded.hash, changed_at = clock_timestamp();

-- name: mark
insert into classpulse.properties (name, value) values ('made_by', 'demo');

-- name: example
-- a statement to paste, about a student whom this educator teaches; it may be pasted again
select
    educator.id as educator_id,
    account.session,
    concat_ws(' ', student.first_name, student.last_name) || ', ' || subject.name as about,
    format(
        'insert into grades (student_id, subject_id, score) values (%s, %s, 97)',
        student.id, subject.id
    ) as to_paste
from public.educators as educator
join classpulse.accounts as account on account.educator_id = educator.id
join public.section_educators as teaching on teaching.educator_id = educator.id
join public.enrollments as enrollment on enrollment.section_id = teaching.section_id
join public.students as student on student.id = enrollment.student_id and student.is_active
join public.subjects as subject on subject.school_id = student.school_id
where
    educator.email = $1
    and not exists (
        -- the section can be left out only where there is one
        select from public.enrollments as other
        where other.student_id = student.id and other.section_id <> enrollment.section_id
    )
order by student.id, subject.id
limit 1;
