-- The school of a section, else of a subject; null where neither is there.
create or replace function classpulse.school_of_place(of_section bigint, of_subject bigint)
returns bigint
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (select section.school_id from public.sections as section where section.id = of_section),
        (select subject.school_id from public.subjects as subject where subject.id = of_subject)
    )
$$;
