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
    -- include: only_captured
    -- a statement each: it is made ready whole, whatever of it is used
    if tg_table_schema = 'classpulse' then
        insert into classpulse.changes (source, operation, new)
        select tg_argv[0], 'update', changed.line::json
        from (
            select row_to_json(here)::text from new_rows as here
            except
            select row_to_json(here)::text from old_rows as here
        ) as changed (line);
        if not found then
            return null;
        end if;
        -- include: wake
    end if;
    -- one row, as most often: no join of many. `offset 0` has each line made once
    perform from new_rows offset 1;
    if not found then
        if tg_argv[1] = 'section' then
            with before as (
                select here as image, keyed.*, known.created_at, known.updated_at, mark as line
                from old_rows as here
                -- include: known
                -- include: keyed
                -- include: mark
                offset 0
            ), after as (
                select here as image, keyed.*, known.created_at, known.updated_at, mark as line
                from new_rows as here
                -- include: known
                -- include: keyed
                -- include: mark
                offset 0
            )
            -- include: append_updated
        else
            with before as (
                select here as image, keyed.*, known.created_at, known.updated_at, thing as line
                from old_rows as here
                -- include: known
                -- include: keyed
                -- include: thing
                offset 0
            ), after as (
                select here as image, keyed.*, known.created_at, known.updated_at, thing as line
                from new_rows as here
                -- include: known
                -- include: keyed
                -- include: thing
                offset 0
            )
            -- include: append_updated
        end if;
        if found then
            -- include: wake
        end if;
        -- most often because nothing differs: no more is to be seen then
        perform from old_rows as before cross join new_rows as after where before *<> after;
        if not found then
            return null;
        end if;
    end if;
    select count(*) into touched from (select from new_rows limit 501) as some_rows;
    if tg_argv[1] = 'section' then
        with before as (
            select
                here as image, keyed.*, known.created_at, known.updated_at, mark as line,
                known.section_id::bigint, known.student_id::bigint
            from old_rows as here
            -- include: known
            -- include: keyed
            -- include: mark
        ), after as (
            select
                here as image, keyed.*, known.created_at, known.updated_at, mark as line,
                known.section_id::bigint, known.student_id::bigint
            from new_rows as here
            -- include: known
            -- include: keyed
            -- include: mark
        ),
        -- include: append_changed
    else
        with before as (
            select
                here as image, keyed.*, known.created_at, known.updated_at, thing as line,
                known.section_id::bigint, known.id::bigint as student_id
            from old_rows as here
            -- include: known
            -- include: keyed
            -- include: thing
        ), after as (
            select
                here as image, keyed.*, known.created_at, known.updated_at, thing as line,
                known.section_id::bigint, known.id::bigint as student_id
            from new_rows as here
            -- include: known
            -- include: keyed
            -- include: thing
        ),
        -- include: append_changed
    end if;
    if appended = 0 then
        return null;
    end if;
    -- include: wake
end
$$;
