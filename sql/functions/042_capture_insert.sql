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
    -- include: only_captured
    perform from new_rows offset 500;
    if found and tg_argv[1] <> 'row' then
        select count(*) into touched from (select from new_rows limit 2001) as some_rows;
        if tg_argv[1] = 'student' and touched > 2000 then
            insert into classpulse.changes (source, operation, student_ids, row_count)
            select tg_argv[0], 'bulk', array_agg(added.id), count(*) from new_rows as added;
            -- include: wake
        elsif tg_argv[1] = 'section' then
            with counted as (
                select
                    here.section_id,
                    count(*) as row_count,
                    array_agg(known.student_id::bigint) filter (where here.section_id is null)
                        as student_ids
                from new_rows as here
                -- include: known
                group by here.section_id
            ),
            -- include: append_condensed
        end if;
    end if;
    -- a statement each: it is made ready whole, whatever of it is used
    if tg_argv[1] = 'section' then
        insert into classpulse.changes (source, operation, new)
        select tg_argv[0], 'insert', row_to_json(mark)
        from new_rows as here
        -- include: known
        -- include: mark
        where (coalesce(known.section_id::bigint, 0) = any(condensed)) is not true;
    elsif tg_table_schema = 'classpulse' then
        insert into classpulse.changes (source, operation, new)
        select tg_argv[0], 'insert', row_to_json(here) from new_rows as here;
    else
        insert into classpulse.changes (source, operation, new)
        select tg_argv[0], 'insert', row_to_json(thing)
        from new_rows as here
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
