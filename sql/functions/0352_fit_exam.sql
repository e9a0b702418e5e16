-- An exam's category must be one that its section and subject may use.
create or replace function classpulse.fit_exam() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    misfit text := classpulse.category_misfit(
        new.category_id, 'an exam', new.section_id, new.subject_id
    );
begin
    if misfit is not null then
        raise exception using errcode = 'check_violation', message = misfit;
    end if;
    -- from now on grades are given the category of their exam
    if pg_sequence_last_value('classpulse.has_categories') is distinct from 1 then
        perform setval('classpulse.has_categories', 1);
    end if;
    return new;
end
$$;
