-- A letter scale as rows, written {"A": 90, ...} or [{"letter": "A", "min": 90}, ...]. What can't be
-- read is null, never an error: that would stop everybody's figures. Over 16 KB nothing is read.
create or replace function classpulse.scale(letter_scale jsonb)
returns table (letter text, minimum numeric)
language sql immutable
as $$
    select
        nullif(trim(entry.letter), ''),
        case
            when length(entry.minimum) < 100
                and entry.minimum ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?\s*$'
                then entry.minimum::numeric
        end
    from (
        select pair.key as letter, pair.value #>> '{}' as minimum
        from jsonb_each(
            case when jsonb_typeof(letter_scale) = 'object' and pg_column_size(letter_scale) < 16384
                then letter_scale else '{}' end
        ) as pair
        union all
        select
            coalesce(item ->> 'letter', item ->> 0),
            coalesce(item ->> 'min', item ->> 'minimum', item ->> 1)
        from jsonb_array_elements(
            case when jsonb_typeof(letter_scale) = 'array' and pg_column_size(letter_scale) < 16384
                then letter_scale else '[]' end
        ) as item
    ) as entry
$$;
