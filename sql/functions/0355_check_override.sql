-- An override's student and subject are of the school of its section.
create or replace function classpulse.check_override() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    misfit text := classpulse.student_misfit(new.student_id, new.section_id);
begin
    if misfit is null then
        select format(
            'subject %s belongs to school %s, and section %s to school %s', subject.id,
            subject.school_id, section.id, section.school_id
        ) into misfit
        from public.subjects as subject
        join public.sections as section on section.school_id <> subject.school_id
        where subject.id = new.subject_id and section.id = new.section_id;
    end if;
    if misfit is not null then
        raise exception using errcode = 'check_violation', message = misfit;
    end if;
    return new;
end
$$;
