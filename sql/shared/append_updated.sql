-- The rest of an update of one row: `before` and `after` are the row's two sides, each with its
-- image, its key, its times, and the line that a change carries.
insert into classpulse.changes (source, operation, old, new)
select tg_argv[0], 'update', row_to_json(before.line), row_to_json(after.line)
from before
cross join after
where before.image *<> after.image
    and before.key = after.key
    and before.rest_of_key = after.rest_of_key
    and (
        before.line *<> after.line
        or classpulse.differ_in_more_than_times(
            before.image::text, before.created_at::text, before.updated_at::text,
            after.image::text, after.created_at::text, after.updated_at::text
        )
    );
