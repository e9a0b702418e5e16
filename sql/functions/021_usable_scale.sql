-- A letter scale as width_bucket wants it, minimums ascending; of one that can't be read, the usual
-- letters.
create or replace function classpulse.usable_scale(letter_scale jsonb)
returns table (letters text[], minimums numeric[])
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select
        coalesce(scale.letters, usual.letters),
        coalesce(scale.minimums, usual.minimums)
    from (
        values (
            array['F', 'D', 'D+', 'C', 'C+', 'B', 'B+', 'A', 'A+'],
            array[0, 60, 65, 70, 75, 80, 85, 90, 95]::numeric[]
        )
    ) as usual (letters, minimums)
    left join classpulse.readable_scale(usable_scale.letter_scale) as scale on true
$$;
