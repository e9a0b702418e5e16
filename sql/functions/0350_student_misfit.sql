-- Why what is of a student can't be of this section, in plain words; null if it can, or they are not
-- there: that is for the foreign keys to say.
create or replace function classpulse.student_misfit(of_student bigint, of_section bigint)
returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select format(
        'student %s belongs to school %s, and section %s to school %s', student.id,
        student.school_id, section.id, section.school_id
    )
    from public.students as student
    join public.sections as section on section.school_id <> student.school_id
    where student.id = of_student and section.id = of_section
$$;
