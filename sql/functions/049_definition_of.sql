-- How Postgres words an object of ours; null if it is not there. A trigger's state belongs to it.
-- The settings are those that it words names and literals by.
create or replace function classpulse.definition_of(kind text, name text, relation text)
returns text
language sql stable set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off set standard_conforming_strings = on set bytea_output = hex
set datestyle = iso set intervalstyle = postgres set timezone = utc set extra_float_digits = 1
as $$
    select case $1
        when 'view' then (
            select pg_get_viewdef(c.oid) || coalesce(c.reloptions::text, '')
            from pg_class as c
            where c.oid = to_regclass($2) and c.relkind = 'v'
        )
        when 'trigger' then (
            select pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
            from pg_trigger as t
            where t.tgrelid = to_regclass($3) and t.tgname = $2 and not t.tgisinternal
        )
        else (
            select string_agg(
                pg_get_functiondef(p.oid), '' order by pg_get_function_identity_arguments(p.oid)
            )
            from pg_proc as p
            join pg_namespace as n on n.oid = p.pronamespace
            where n.nspname || '.' || p.proname = $2 and p.prokind in ('f', 'p')
        )
    end
$$;
