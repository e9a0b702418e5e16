-- updated_at follows a change, unless the writer gave one. Generated columns are not
-- there yet before an update, and are no change by themselves; which there are is asked once a
-- transaction, for asking for every row would cost more than all the rest.
create or replace function classpulse.touch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    known text;
    generated text[];
begin
    if new.updated_at is distinct from old.updated_at or not (old *<> new) then
        return new;
    end if;
    known := current_setting('classpulse.generated', true);
    if known = tg_relid::text then
        new.updated_at := now();
        return new;
    end if;
    if starts_with(known, tg_relid || '{') then
        generated := substr(known, length(tg_relid::text) + 1)::text[];
    else
        select array_agg(a.attname) into generated
        from pg_attribute as a
        where a.attrelid = tg_relid and a.attgenerated <> '';
        perform set_config('classpulse.generated', concat(tg_relid, generated), true);
    end if;
    if generated is not null then
        begin
            if to_jsonb(old) - generated = to_jsonb(new) - generated then
                return new;
            end if;
        exception when others then
            -- a value that can't be JSON must not fail the statement
            null;
        end;
    end if;
    new.updated_at := now();
    return new;
end
$$;
