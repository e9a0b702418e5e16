-- A tool that writes every column, also those that it does not know, gives null.
create or replace function classpulse.give_account() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' then
        new.account_id := old.account_id;
    else
        new.account_id := gen_random_uuid();
    end if;
    return new;
end
$$;
