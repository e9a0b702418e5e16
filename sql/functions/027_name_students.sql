-- Keeps classpulse.student_names: of these students, of those enrolled in these sections and of
-- those of these schools; with nulls, of everyone. Whose names are as they were costs a look.
create or replace function classpulse.name_students(
    student_ids bigint[], section_ids bigint[], school_ids bigint[]
) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if student_ids is null then
        delete from classpulse.student_names as named
        where not exists (
            select from public.students as student where student.id = named.student_id
        );
    else
        delete from classpulse.student_names as named
        where named.student_id = any(student_ids)
            and not exists (
                select from public.students as student where student.id = named.student_id
            );
    end if;
    insert into classpulse.student_names as named (
        student_id, basis, by_name, by_last_name, words, number
    )
    select
        expected.student_id, expected.basis, expected.by_name, expected.by_last_name, expected.words,
        expected.number
    from (
        select asked.id from unnest(student_ids) as asked (id)
        union
        select enrollment.student_id
        from public.enrollments as enrollment
        where enrollment.section_id = any(section_ids)
        union
        select student.id
        from public.students as student
        where student.school_id = any(school_ids)
        union
        select student.id
        from public.students as student
        where student_ids is null
    ) as touched
    join classpulse.expected_names as expected on expected.student_id = touched.id
    where not exists (
        select from classpulse.student_names as known
        where known.student_id = expected.student_id and known.basis = expected.basis
    )
    on conflict (student_id) do update set
        basis = excluded.basis,
        by_name = excluded.by_name,
        by_last_name = excluded.by_last_name,
        words = excluded.words,
        number = excluded.number;
end
$$;
