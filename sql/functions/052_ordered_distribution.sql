-- The same for a reader: the best letter first.
create or replace function classpulse.ordered_distribution(counts jsonb, letters text[])
returns json
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        json_object_agg(letter.name, coalesce((counts ->> letter.name)::bigint, 0)
            order by letter.place desc),
        '{}'
    )
    from unnest(letters) with ordinality as letter (name, place)
$$;
