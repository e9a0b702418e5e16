-- A letter scale as rows. It is written {"A": 90, …} or [{"letter": "A", "min": 90}, …].
create or replace function classpulse.scale(letter_scale jsonb)
returns table (letter text, minimum numeric)
language sql immutable
as $$
    select entry.key, (entry.value #>> '{}')::numeric
    from jsonb_each(
        case jsonb_typeof(letter_scale) when 'object' then letter_scale else '{}' end
    ) as entry
    union all
    select
        coalesce(item ->> 'letter', item ->> 0),
        coalesce(item ->> 'min', item ->> 'minimum', item ->> 1)::numeric
    from jsonb_array_elements(
        case jsonb_typeof(letter_scale) when 'array' then letter_scale else '[]' end
    ) as item
$$;
