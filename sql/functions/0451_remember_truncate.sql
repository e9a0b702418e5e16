-- What a truncation takes away is read before it goes: afterwards nobody knows it. Argument: the
-- table's name.
create or replace function classpulse.remember_truncate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- any role may hang our functions on a table of its own
    if tg_relid is distinct from to_regclass('public.' || quote_ident(tg_argv[0])) then
        return null;
    end if;
    execute replace(
        $act$
            with taken as (
                select
                    clock_timestamp() as at, $1 as source, 'truncate' as operation,
                    row_to_json(mark) as old, null::json as new,
                    classpulse.acting_role() as by_role,
                    current_setting('application_name', true) as by_application
                from public.truncated as here
                -- include: known
                -- include: mark
            )
            -- include: remembered
        $act$,
        'public.truncated', format('public.%I', tg_argv[0])
    ) using tg_argv[0];
    return null;
end
$$;
