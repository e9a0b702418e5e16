-- A truncation shows no rows: it is a change of every section known.
create or replace function classpulse.capture_truncate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- include: only_captured
    insert into classpulse.changes (source, operation) values (tg_argv[0], 'truncate');
    -- include: wake
end
$$;
-- what the capture functions of an older release asked
drop function if exists classpulse.check_captured(oid, text);
