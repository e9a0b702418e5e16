-- What makes this database that one and no copy of it. Hosted servers lack some of it, or don't
-- let everybody ask: what is unknown is left out.
create or replace function classpulse.database_identity() returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    system text;
    timeline text;
begin
    begin
        execute 'select system_identifier::text from pg_control_system()' into system;
    exception
        when others then null;
    end;
    begin
        execute 'select substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)' into timeline;
    exception
        when others then null;
    end;
    return jsonb_strip_nulls(jsonb_build_object(
        'system', system,
        'timeline', timeline,
        'database', (select oid::bigint from pg_database where datname = current_database()),
        'events', 'classpulse.events'::regclass::oid::bigint
    ));
end
$$;
