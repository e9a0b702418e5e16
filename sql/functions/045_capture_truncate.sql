-- A truncation shows no rows: it is a change of every section known.
create or replace function classpulse.capture_truncate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_table_name <> tg_argv[0] or tg_table_schema not in ('public', 'classpulse') then
        if not classpulse.is_captured(tg_relid, tg_argv[0]) then
            return null;
        end if;
    end if;
    insert into classpulse.changes (source, operation) values (tg_argv[0], 'truncate');
    perform classpulse.wake_projector();
    return null;
end
$$;
-- what the capture functions of an older release asked
drop function if exists classpulse.check_captured(oid, text);
