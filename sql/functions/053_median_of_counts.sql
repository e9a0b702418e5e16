-- The median of {value: how many}; of an even number of values the mean of the middle two.
create or replace function classpulse.median_of_counts(counts jsonb) returns numeric
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select avg(place.value)
    from (
        select
            entry.key::numeric as value,
            sum(entry.value::text::bigint) over (order by entry.key::numeric) as up_to,
            entry.value::text::bigint as n,
            sum(entry.value::text::bigint) over () as in_all
        from jsonb_each(counts) as entry
    ) as place
    cross join lateral (
        values ((place.in_all + 1) / 2), ((place.in_all + 2) / 2)
    ) as middle (rank)
    where floor(middle.rank) > place.up_to - place.n and floor(middle.rank) <= place.up_to
$$;
