-- A new row begins its sessions; another role, a deactivation or another id ends them.
create or replace function classpulse.educator_changes() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        -- to the second, as a token tells the time: one made right after the row holds
        insert into classpulse.sessions (account_id, since)
        values (new.account_id, date_trunc('second', clock_timestamp()))
        on conflict (account_id) do update set stamp = excluded.stamp, since = excluded.since;
    else
        perform classpulse.end_sessions(new.account_id);
    end if;
    return null;
end
$$;
