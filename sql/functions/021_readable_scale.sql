-- A letter scale as width_bucket wants it, minimums ascending: one row, or none of a scale that does
-- not give every letter its own lowest percentage, and the lowest letter 0.
create or replace function classpulse.readable_scale(letter_scale jsonb)
returns table (letters text[], minimums numeric[])
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select
        array_agg(entry.letter order by entry.minimum),
        array_agg(entry.minimum order by entry.minimum)
    from classpulse.scale(letter_scale) as entry
    having count(*) = count(distinct entry.letter)
        and count(*) = count(distinct entry.minimum)
        and min(entry.minimum) = 0
        and max(entry.minimum) < 1000000000
$$;
