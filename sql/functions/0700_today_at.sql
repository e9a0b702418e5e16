-- Today at a school, by its own clock.
create or replace function classpulse.today_at(of_school bigint) returns date
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select timezone(classpulse.known_zone(school.time_zone), now())::date
    from public.schools as school
    where school.id = of_school
$$;
