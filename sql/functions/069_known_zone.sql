-- A time zone as the server knows it now, else UTC: a name may be gone since an upgrade of the
-- system's time zones, and one school's clock must stop no other's.
create or replace function classpulse.known_zone(zone text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    perform timezone(zone, timestamptz '2000-01-01 00:00:00+00');
    return zone;
exception
    when invalid_parameter_value then
        return 'UTC';
end
$$;
