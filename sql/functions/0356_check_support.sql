-- A support's section is of the school of its student; an opening that is left out is now.
create or replace function classpulse.check_support() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    misfit constant text := classpulse.student_misfit(new.student_id, new.section_id);
begin
    new.opened_at := coalesce(new.opened_at, now());
    if misfit is not null then
        raise exception using errcode = 'check_violation', message = misfit;
    end if;
    return new;
end
$$;
