-- A distribution with every letter of the scale, at 0 where nobody has it; a letter of a former
-- scale stays only while somebody still has it.
create or replace function classpulse.padded_distribution(counts jsonb, letters text[])
returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(letter.name, coalesce(counts -> letter.name, '0')), '{}')
    from (
        select unnest(letters) as name
        union
        select entry.key from jsonb_each(counts) as entry where entry.value <> '0'
    ) as letter
$$;
