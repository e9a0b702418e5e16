-- What classpulse.student_names holds of each student, made of the names and the school's locale.
create or replace view classpulse.expected_names as
select
    student.id as student_id,
    hashtextextended(
        concat_ws(
            chr(1), student.first_name, student.last_name, student.student_number, student.email,
            student.locale
        ),
        0
    ) as basis,
    classpulse.sort_key(
        array[trim(student.first_name || ' ' || student.last_name)], student.locale
    ) collate "C" as by_name,
    classpulse.sort_key(array[student.last_name, student.first_name], student.locale) collate "C"
        as by_last_name,
    classpulse.search_text(
        concat_ws(
            ' ', student.first_name, student.last_name, student.student_number, student.email
        )
    ) collate "C" as words,
    lower(student.student_number) collate "C" as number
from (
    select
        student.id,
        -- never null, whatever a school made of its own columns: the leader names everybody
        coalesce(left(student.first_name, 500), '') as first_name,
        coalesce(left(student.last_name, 500), '') as last_name,
        coalesce(left(student.student_number, 500), '') as student_number,
        coalesce(left(student.email, 500), '') as email,
        coalesce(school.locale, '') as locale
    from public.students as student
    join public.schools as school on school.id = student.school_id
) as student;
