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
        perform classpulse.check_captured(tg_relid, tg_argv[0]);
    end if;
    select count(*) into touched from (select from new_rows limit 501) as some_rows;
    if touched = 0 then
        return null;
    end if;
    with before as (
        select
            here as image,
            -- as the row's text has them: by these alone it has not changed
            coalesce('"' || known.created_at::text || '"', '') as created,
            coalesce('"' || known.updated_at::text || '"', '') as updated,
            -- include: carried
            as line
        from old_rows as here
        -- include: known
    ), after as (
        select
            here as image,
            -- as the row's text has them: by these alone it has not changed
            coalesce('"' || known.created_at::text || '"', '') as created,
            coalesce('"' || known.updated_at::text || '"', '') as updated,
            -- include: carried
            as line
        from new_rows as here
        -- include: known
    ), changed as (
        select before.line as old, after.line as new
        from (
            select
                before.*,
                coalesce(
                    nullif(before.line -> 'id', 'null'),
                    jsonb_build_array(
                        before.line -> 'student_id',
                        before.line -> 'educator_id',
                        before.line -> 'section_id'
                    )
                ) as key
            from before
        ) as before
        full join (
            select
                after.*,
                coalesce(
                    nullif(after.line -> 'id', 'null'),
                    jsonb_build_array(
                        after.line -> 'student_id',
                        after.line -> 'educator_id',
                        after.line -> 'section_id'
                    )
                ) as key
            from after
        ) as after on after.key = before.key
        where before.line is distinct from after.line
            or (
                before.image *<> after.image
                and replace(replace(before.image::text, before.created, ''), before.updated, '')
                <> replace(replace(after.image::text, after.created, ''), after.updated, '')
            )
    ), placed as (
        select
            changed.old,
            changed.new,
            coalesce((changed.new ->> 'section_id')::bigint, (changed.old ->> 'section_id')::bigint)
                as section_id,
            count(*) over () as in_all,
            count(*) over (
                partition by coalesce(changed.new -> 'section_id', changed.old -> 'section_id')
            ) as in_section
        from changed
    ), sorted as (
        select
            placed.*,
            touched > 500 and case tg_argv[1]
                when 'section' then placed.in_all > 2000 or placed.in_section > 500
                when 'student' then placed.in_all > 2000
                else false
            end as is_bulk
        from placed
    ), bulk as (
        insert into classpulse.changes (source, operation, section_id, student_ids, row_count)
        select tg_argv[0], 'bulk', spread.section_id, array_agg(spread.student_id)
            filter (where spread.section_id is null), count(*)
        from sorted
        cross join lateral (
            -- a row that moved counts in the section that it left, too
            select distinct
                side.section_id,
                case when side.section_id is null then side.student_id end as student_id
            from (
                values
                (
                    (sorted.new ->> 'section_id')::bigint,
                    coalesce(sorted.new ->> 'student_id', sorted.new ->> 'id')::bigint
                ),
                (
                    (sorted.old ->> 'section_id')::bigint,
                    coalesce(sorted.old ->> 'student_id', sorted.old ->> 'id')::bigint
                )
            ) as side (section_id, student_id)
            where side.student_id is not null
        ) as spread
        where sorted.is_bulk
        group by spread.section_id
        returning 1
    ), single as (
        insert into classpulse.changes (source, operation, old, new)
        select
            tg_argv[0],
            case
                when sorted.old is null then 'insert'
                when sorted.new is null then 'delete'
                else 'update'
            end,
            sorted.old,
            sorted.new
        from sorted
        where not sorted.is_bulk
        returning 1
    )
    select (select count(*) from bulk) + (select count(*) from single) into appended;
    if appended > 0 then
        perform classpulse.wake_projector();
    end if;
    return null;
end
$$;
