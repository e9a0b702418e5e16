-- The sections that are set aside, in words; null if there is none.
create or replace function classpulse.sections_set_aside() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
return (
    select case count(*)
        when 0 then null
        when 1 then 'section ' || min(aside.section_id)
        else count(*) || ' sections, the first of them ' || min(aside.section_id)
    end
    from classpulse.set_aside as aside
);
