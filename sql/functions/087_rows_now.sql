-- Rows as the snapshot holds them, written as capture writes them: grades, attendance, exams and
-- students by id, enrollments by student and section.
create or replace function classpulse.rows_now(
    grades bigint[],
    attendance bigint[],
    exams bigint[],
    students bigint[],
    enrolled_students bigint[],
    enrolled_sections bigint[]
)
returns table (source text, id bigint, section_id bigint, body text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'grades' as source, here.id, null::bigint as section_id, to_jsonb(mark)::text as body
    from public.grades as here
    -- include: known
    -- include: mark
    where here.id = any(rows_now.grades)
    union all
    select 'attendance' as source, here.id, null::bigint as section_id, to_jsonb(mark)::text as body
    from public.attendance as here
    -- include: known
    -- include: mark
    where here.id = any(rows_now.attendance)
    union all
    select 'exams' as source, here.id, null::bigint as section_id, to_jsonb(mark)::text as body
    from public.exams as here
    -- include: known
    -- include: mark
    where here.id = any(rows_now.exams)
    union all
    select 'students' as source, here.id, null::bigint as section_id, to_jsonb(thing)::text as body
    from public.students as here
    -- include: known
    -- include: thing
    where here.id = any(rows_now.students)
    union all
    select 'enrollments' as source, here.student_id, here.section_id, to_jsonb(mark)::text
    from unnest(rows_now.enrolled_students, rows_now.enrolled_sections)
        as asked (student_id, section_id)
    join public.enrollments as here
        on here.student_id = asked.student_id and here.section_id = asked.section_id
    -- include: known
    -- include: mark
    ;
end
$$;
