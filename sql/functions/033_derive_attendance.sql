create or replace function classpulse.derive_attendance() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    new.period := coalesce(new.period, 0);
    return new;
end
$$;
