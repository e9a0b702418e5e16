-- Whoever may create a table must not forge changes by hanging a capture function on it.
create or replace function classpulse.check_captured(relation oid, source text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if pg_catalog.pg_partition_root(relation) is distinct from to_regclass('public.' || source)
        or to_regclass('public.' || source) is null
    then
        raise exception 'classpulse captures no changes of %', relation::regclass;
    end if;
end
$$;
