-- The same for a reader: the best letter first.
-- (plpgsql keeps its plan; it is called for each section and subject of a batch.)
create or replace function classpulse.ordered_distribution(counts jsonb, letters text[])
returns json
language plpgsql immutable
as $$
declare
    entries text := '';
    letter text;
begin
    foreach letter in array coalesce(letters, '{}') loop
        entries := pg_catalog.to_json(letter)::text || ':' || coalesce(counts ->> letter, '0')
            || case when entries = '' then '' else ',' || entries end;
    end loop;
    return ('{' || entries || '}')::json;
end
$$;
