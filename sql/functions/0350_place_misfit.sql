-- Why what belongs to a school can't be of this section and subject, in plain words; null if it can,
-- or they are not there: that is for the foreign keys to say.
create or replace function classpulse.place_misfit(
    of_school bigint, what text, of_section bigint, of_subject bigint
) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select format(
        '%s %s belongs to school %s, not to school %s of this %s', place.kind, place.id,
        place.school_id, of_school, what
    )
    from (
        select 'section' as kind, section.id, section.school_id
        from public.sections as section where section.id = of_section
        union all
        select 'subject', subject.id, subject.school_id
        from public.subjects as subject where subject.id = of_subject
    ) as place
    where place.school_id <> of_school
    order by place.kind
    limit 1
$$;
