-- An override's student and subject are of the school of its section.
create or replace function classpulse.check_override() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    of_section bigint;
    of_student bigint;
    of_subject bigint;
    misfit text;
begin
    select section.school_id into of_section
    from public.sections as section where section.id = new.section_id;
    select student.school_id into of_student
    from public.students as student where student.id = new.student_id;
    select subject.school_id into of_subject
    from public.subjects as subject where subject.id = new.subject_id;
    misfit := case
        when of_student <> of_section then format(
            'student %s belongs to school %s, and section %s to school %s', new.student_id,
            of_student, new.section_id, of_section
        )
        when of_subject <> of_section then format(
            'subject %s belongs to school %s, and section %s to school %s', new.subject_id,
            of_subject, new.section_id, of_section
        )
    end;
    if misfit is not null then
        raise exception using errcode = 'check_violation', message = misfit;
    end if;
    return new;
end
$$;
