-- Two objects of counts, added key by key. A key that comes to 0 stays if `keep_zeros`.
create or replace function classpulse.counts_added(one jsonb, other jsonb, keep_zeros boolean)
returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(summed.key, summed.n), '{}')
    from (
        select both_sides.key, sum(both_sides.value::text::bigint) as n
        from (
            select entry.key, entry.value from jsonb_each(one) as entry
            union all
            select entry.key, entry.value from jsonb_each(other) as entry
        ) as both_sides
        group by both_sides.key
    ) as summed
    where keep_zeros or summed.n <> 0
$$;
