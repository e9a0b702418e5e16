-- Appends what a statement really changed: a row whose values are the same is none. A row whose
-- key changed is one gone and one come. Arguments, and what a change carries, as of capture_insert:
-- values beyond it are compared, but not carried.
create or replace function classpulse.capture_update() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    touched bigint;
    appended bigint;
begin
    if tg_table_name <> tg_argv[0] or tg_table_schema not in ('public', 'classpulse') then
        if not classpulse.is_captured(tg_relid, tg_argv[0]) then
            return null;
        end if;
    end if;
    select count(*) into touched from (select from new_rows limit 501) as some_rows;
    if touched = 0 then
        return null;
    end if;
    -- a statement each: it is made ready whole, whatever of it is used
    if tg_argv[1] = 'section' then
        with before as (
            select here as image, known.created_at, known.updated_at, to_jsonb(mark) as line
            from old_rows as here
            -- include: known
            -- include: mark
        ), after as (
            select here as image, known.created_at, known.updated_at, to_jsonb(mark) as line
            from new_rows as here
            -- include: known
            -- include: mark
        ),
        -- include: append_changed
    elsif tg_table_schema = 'classpulse' then
        with before as (
            select here as image, null::text as created_at, null::text as updated_at,
                to_jsonb(here) as line
            from old_rows as here
        ), after as (
            select here as image, null::text as created_at, null::text as updated_at,
                to_jsonb(here) as line
            from new_rows as here
        ),
        -- include: append_changed
    else
        with before as (
            select here as image, known.created_at, known.updated_at, to_jsonb(thing) as line
            from old_rows as here
            -- include: known
            -- include: thing
        ), after as (
            select here as image, known.created_at, known.updated_at, to_jsonb(thing) as line
            from new_rows as here
            -- include: known
            -- include: thing
        ),
        -- include: append_changed
    end if;
    if appended > 0 then
        perform classpulse.wake_projector();
    end if;
    return null;
end
$$;
