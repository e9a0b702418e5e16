-- Appends what a statement deleted. Students are never condensed: their names are needed by the
-- rows that a cascade takes with them. Arguments, and what a change carries, as of capture_insert.
create or replace function classpulse.capture_delete() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    touched bigint;
    condensed bigint[];
begin
    -- include: only_captured
    perform from old_rows offset 500;
    if found and tg_argv[1] = 'section' then
        select count(*) into touched from (select from old_rows limit 2001) as some_rows;
        with counted as (
            select
                here.section_id,
                count(*) as row_count,
                array_agg(known.student_id::bigint) filter (where here.section_id is null)
                    as student_ids
            from old_rows as here
            -- include: known
            group by here.section_id
        ),
        -- include: append_condensed
        if condensed is not null then
            with taken as (
                select
                    clock_timestamp() as at, tg_argv[0] as source, 'delete' as operation,
                    row_to_json(mark) as old, null::json as new,
                    classpulse.acting_role() as by_role,
                    current_setting('application_name', true) as by_application
                from old_rows as here
                -- include: known
                -- include: mark
                where coalesce(known.section_id::bigint, 0) = any(condensed)
            )
            -- include: remembered
            ;
        end if;
    end if;
    -- a statement each: it is made ready whole, whatever of it is used
    if tg_argv[1] = 'section' then
        insert into classpulse.changes (source, operation, old)
        select tg_argv[0], 'delete', row_to_json(mark)
        from old_rows as here
        -- include: known
        -- include: mark
        where (coalesce(known.section_id::bigint, 0) = any(condensed)) is not true;
    elsif tg_table_schema = 'classpulse' then
        insert into classpulse.changes (source, operation, old)
        select tg_argv[0], 'delete', row_to_json(here) from old_rows as here;
    else
        insert into classpulse.changes (source, operation, old)
        select tg_argv[0], 'delete', row_to_json(thing)
        from old_rows as here
        -- include: known
        -- include: thing
        ;
    end if;
    if not found and condensed is null then
        return null;
    end if;
    -- include: wake
end
$$;
