-- The rest of an update: `before` and `after` hold the rows, each as an image, with its times, and
-- as the line that a change carries. By its times alone a row has not changed; they are taken out of
-- its text, for not every type can be compared or be JSON.
changed as (
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
            and replace(
                replace(
                    before.image::text, coalesce('"' || before.created_at::text || '"', ''), ''
                ),
                coalesce('"' || before.updated_at::text || '"', ''), ''
            )
            <> replace(
                replace(
                    after.image::text, coalesce('"' || after.created_at::text || '"', ''), ''
                ),
                coalesce('"' || after.updated_at::text || '"', ''), ''
            )
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
