-- updated_at follows a change, unless the writer gave one of its own. Generated columns are not
-- there yet before an update, and are no change of their own.
create or replace function classpulse.touch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    generated text[];
begin
    if new.updated_at is distinct from old.updated_at or not (old *<> new) then
        return new;
    end if;
    select array_agg(a.attname) into generated
    from pg_attribute as a
    where a.attrelid = tg_relid and a.attgenerated <> '';
    if generated is null or to_jsonb(old) - generated <> to_jsonb(new) - generated then
        new.updated_at := now();
    end if;
    return new;
end
$$;
