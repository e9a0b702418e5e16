-- The rest of an update of several rows: `before` and `after` hold them, each with its image, its
-- key, its times, its place and the line that a change carries. A line is made only of what is told.
changed as (
    select
        before.line as old,
        after.line as new,
        case
            when before.key is null then 'insert'
            when after.key is null then 'delete'
            else 'update'
        end as operation,
        before.section_id as old_section_id,
        after.section_id as new_section_id,
        before.student_id as old_student_id,
        after.student_id as new_student_id
    from before
    full join after on after.key = before.key and after.rest_of_key = before.rest_of_key
    where (before.image *<> after.image) is not false
        and (
            (before.line *<> after.line) is not false
            or classpulse.differ_in_more_than_times(
                before.image::text, before.created_at::text, before.updated_at::text,
                after.image::text, after.created_at::text, after.updated_at::text
            )
        )
), placed as (
    select
        changed.*,
        touched > 500 and case tg_argv[1]
            when 'section' then
                count(*) over () > 2000
                or count(*) over (
                    partition by coalesce(changed.new_section_id, changed.old_section_id)
                ) > 500
            when 'student' then count(*) over () > 2000
            else false
        end as is_bulk
    from changed
), bulk as (
    insert into classpulse.changes (source, operation, section_id, student_ids, row_count)
    select tg_argv[0], 'bulk', spread.section_id, array_agg(spread.student_id)
        filter (where spread.section_id is null), count(*)
    from placed
    cross join lateral (
        -- a row that moved counts in the section that it left, too
        select distinct
            side.section_id,
            case when side.section_id is null then side.student_id end as student_id
        from (
            values
            (placed.new_section_id, placed.new_student_id),
            (placed.old_section_id, placed.old_student_id)
        ) as side (section_id, student_id)
        where side.student_id is not null
    ) as spread
    where placed.is_bulk
    group by spread.section_id
    returning 1
), single as (
    insert into classpulse.changes (source, operation, old, new)
    select
        tg_argv[0],
        placed.operation,
        case when placed.operation <> 'insert' then row_to_json(placed.old) end,
        case when placed.operation <> 'delete' then row_to_json(placed.new) end
    from placed
    where not placed.is_bulk
    returning 1
), taken as (
    select
        clock_timestamp() as at,
        tg_argv[0] as source,
        placed.operation,
        case when placed.operation <> 'insert' then row_to_json(placed.old) end as old,
        case when placed.operation <> 'delete' then row_to_json(placed.new) end as new,
        classpulse.acting_role() as by_role,
        current_setting('application_name', true) as by_application
    from placed
    where placed.is_bulk
), remembered as (
    -- include: remembered
)
select (select count(*) from bulk) + (select count(*) from single) into appended;
