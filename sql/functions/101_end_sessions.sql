-- Ends all tokens that an account has by now; its streams hear of it over the log.
create or replace function classpulse.end_sessions(ending uuid, since timestamptz default clock_timestamp())
returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    educator_id constant bigint := (
        select educator.id from public.educators as educator where educator.account_id = ending
    );
begin
    if educator_id is null then
        return;
    end if;
    insert into classpulse.sessions (account_id, since) values (ending, end_sessions.since)
    on conflict (account_id) do update set stamp = excluded.stamp, since = excluded.since;
    insert into classpulse.changes (source, operation, new)
    values ('sessions', 'update', json_build_object('educator_id', educator_id));
    perform classpulse.wake_projector();
end
$$;
