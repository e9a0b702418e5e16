-- A support's section is of the school of its student; an opening that is left out is now.
create or replace function classpulse.check_support() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    of_section bigint;
    of_student bigint;
begin
    new.opened_at := coalesce(new.opened_at, now());
    select section.school_id into of_section
    from public.sections as section where section.id = new.section_id;
    select student.school_id into of_student
    from public.students as student where student.id = new.student_id;
    if of_student <> of_section then
        raise exception using
            errcode = 'check_violation',
            message = format(
                'student %s belongs to school %s, and section %s to school %s', new.student_id,
                of_student, new.section_id, of_section
            );
    end if;
    return new;
end
$$;
