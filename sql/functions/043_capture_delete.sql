-- Appends what a statement deleted. Students are never condensed: their names are needed by the
-- rows that a cascade takes with them. Arguments as of capture_insert.
create or replace function classpulse.capture_delete() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    touched bigint;
begin
    if tg_table_name <> tg_argv[0] or tg_table_schema not in ('public', 'classpulse') then
        if not classpulse.is_captured(tg_relid, tg_argv[0]) then
            return null;
        end if;
    end if;
    select count(*) into touched from (select from old_rows limit 2001) as some_rows;
    if touched = 0 then
        return null;
    end if;
    if touched <= 500 or tg_argv[1] <> 'section' then
        insert into classpulse.changes (source, operation, old)
        select tg_argv[0], 'delete', to_jsonb(removed) - '{created_at,updated_at}'::text[]
        from old_rows as removed;
    else
        with counted as (
            select
                removed.section_id,
                count(*) as row_count,
                array_agg((to_jsonb(removed) ->> 'student_id')::bigint)
                    filter (where removed.section_id is null) as student_ids
            from old_rows as removed
            group by removed.section_id
        ), bulk as (
            insert into classpulse.changes (source, operation, section_id, student_ids, row_count)
            select tg_argv[0], 'bulk', counted.section_id, counted.student_ids, counted.row_count
            from counted
            where touched > 2000 or counted.row_count > 500
        )
        insert into classpulse.changes (source, operation, old)
        select tg_argv[0], 'delete', to_jsonb(removed) - '{created_at,updated_at}'::text[]
        from old_rows as removed
        join counted on counted.section_id is not distinct from removed.section_id
        where touched <= 2000 and counted.row_count <= 500;
    end if;
    perform classpulse.wake_projector();
    return null;
end
$$;
