-- Appends what a statement inserted. Arguments: the table's name; 'section' (rows belong to a
-- section), 'student' (rows are students) or 'row' (never condensed).
create or replace function classpulse.capture_insert() returns trigger
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
    select count(*) into touched from (select from new_rows limit 2001) as some_rows;
    if touched = 0 then
        return null;
    end if;
    if touched <= 500 or tg_argv[1] = 'row' or (tg_argv[1] = 'student' and touched <= 2000) then
        insert into classpulse.changes (source, operation, new)
        select tg_argv[0], 'insert', to_jsonb(added) - '{created_at,updated_at}'::text[]
        from new_rows as added;
    elsif tg_argv[1] = 'student' then
        insert into classpulse.changes (source, operation, student_ids, row_count)
        select tg_argv[0], 'bulk', array_agg(added.id), count(*) from new_rows as added;
    else
        with counted as (
            select
                added.section_id,
                count(*) as row_count,
                array_agg((to_jsonb(added) ->> 'student_id')::bigint)
                    filter (where added.section_id is null) as student_ids
            from new_rows as added
            group by added.section_id
        ), bulk as (
            insert into classpulse.changes (source, operation, section_id, student_ids, row_count)
            select tg_argv[0], 'bulk', counted.section_id, counted.student_ids, counted.row_count
            from counted
            where touched > 2000 or counted.row_count > 500
        )
        insert into classpulse.changes (source, operation, new)
        select tg_argv[0], 'insert', to_jsonb(added) - '{created_at,updated_at}'::text[]
        from new_rows as added
        join counted on counted.section_id is not distinct from added.section_id
        where touched <= 2000 and counted.row_count <= 500;
    end if;
    perform classpulse.wake_projector();
    return null;
end
$$;
