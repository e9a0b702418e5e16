-- Appends what a statement inserted. Arguments: the table's name; 'section' (rows belong to a
-- section), 'student' (rows are students) or 'row' (never condensed). A change carries the columns
-- that are asked for, texts cut: no value of a column of the school's own, and no size, may fail the
-- writer's statement or a batch.
create or replace function classpulse.capture_insert() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    touched bigint;
    condensed bigint[];
begin
    if tg_table_name <> tg_argv[0] or tg_table_schema not in ('public', 'classpulse') then
        if not classpulse.is_captured(tg_relid, tg_argv[0]) then
            return null;
        end if;
    end if;
    select count(*) into touched from (select from new_rows limit 2001) as some_rows;
    if touched = 0 then
        return null;
    end if;
    if touched > 2000 and tg_argv[1] = 'student' then
        insert into classpulse.changes (source, operation, student_ids, row_count)
        select tg_argv[0], 'bulk', array_agg(added.id), count(*) from new_rows as added;
        perform classpulse.wake_projector();
        return null;
    end if;
    if touched > 500 and tg_argv[1] = 'section' then
        with counted as (
            select
                here.section_id,
                count(*) as row_count,
                array_agg(known.student_id::bigint) filter (where here.section_id is null)
                    as student_ids
            from new_rows as here
            -- include: known
            group by here.section_id
        ), bulk as (
            insert into classpulse.changes (source, operation, section_id, student_ids, row_count)
            select tg_argv[0], 'bulk', counted.section_id, counted.student_ids, counted.row_count
            from counted
            where touched > 2000 or counted.row_count > 500
            returning coalesce(section_id, 0) as place
        )
        select array_agg(bulk.place) into condensed from bulk;
    end if;
    -- a statement each: it is made ready whole, whatever of it is used
    if tg_argv[1] = 'section' then
        insert into classpulse.changes (source, operation, new)
        select tg_argv[0], 'insert', to_jsonb(mark)
        from new_rows as here
        -- include: known
        -- include: mark
        where condensed is null or coalesce(known.section_id::bigint, 0) <> all(condensed);
    elsif tg_table_schema = 'classpulse' then
        insert into classpulse.changes (source, operation, new)
        select tg_argv[0], 'insert', to_jsonb(here) from new_rows as here;
    else
        insert into classpulse.changes (source, operation, new)
        select tg_argv[0], 'insert', to_jsonb(thing)
        from new_rows as here
        -- include: known
        -- include: thing
        ;
    end if;
    perform classpulse.wake_projector();
    return null;
end
$$;
