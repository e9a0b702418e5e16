-- Whether two images of a row differ in anything but their times, which are given with each. They
-- are compared as text: not every type can be compared or be JSON.
create or replace function classpulse.differ_in_more_than_times(
    one text, one_created text, one_updated text,
    other text, other_created text, other_updated text
) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
    return replace(
        replace(one, coalesce('"' || one_created || '"', ''), ''),
        coalesce('"' || one_updated || '"', ''),
        ''
    ) <> replace(
        replace(other, coalesce('"' || other_created || '"', ''), ''),
        coalesce('"' || other_updated || '"', ''),
        ''
    );
end
$$;
