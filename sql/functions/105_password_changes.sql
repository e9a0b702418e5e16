-- A password belongs to the account that its educator has now; a new one ends all sessions. The
-- first one counts from its second on, as a new educator does.
create or replace function classpulse.password_changes() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    since timestamptz := clock_timestamp();
begin
    if tg_op = 'DELETE' then
        perform classpulse.end_sessions(old.account_id);
        return old;
    end if;
    if new.account_id is null then
        new.account_id := (
            select educator.account_id from public.educators as educator
            where educator.id = new.educator_id
        );
    end if;
    if not exists (
        select from classpulse.passwords as known where known.account_id = new.account_id
    ) then
        since := date_trunc('second', since);
    end if;
    perform classpulse.end_sessions(new.account_id, since);
    return new;
end
$$;
