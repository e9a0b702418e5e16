-- True for a table whose changes count: one of the school's, or a part of one. A table that was one
-- of them once, and still carries our triggers, may be written without a word. For any other it is
-- an error: who may create a table must not forge changes by hanging our functions on it.
create or replace function classpulse.is_captured(relation oid, source text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        with recursive ancestors (relid) as (
            select relation
            union
            select child.inhparent
            from ancestors
            join pg_catalog.pg_inherits as child on child.inhrelid = ancestors.relid
        )
        select from ancestors where ancestors.relid = to_regclass('public.' || source)
    ) then
        return true;
    end if;
    if exists (
        select from classpulse.captures as former
        where former.relation = is_captured.relation and former.source = is_captured.source
    ) then
        return false;
    end if;
    raise exception 'classpulse captures no changes of %', relation::regclass;
end
$$;
