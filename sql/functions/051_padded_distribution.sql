-- A distribution with every letter of the scale, at 0 where nobody has it; a letter of a former
-- scale stays only while somebody still has it.
create or replace function classpulse.padded_distribution(counts jsonb, letters text[])
returns jsonb
language plpgsql immutable
as $$
declare
    padded jsonb;
begin
    -- almost always it is so already
    if counts ?& letters and counts - letters = '{}' then
        return counts;
    end if;
    select coalesce(jsonb_object_agg(letter.name, coalesce(counts -> letter.name, '0')), '{}')
    into padded
    from (
        select unnest(letters) as name
        union
        select entry.key from jsonb_each(counts) as entry where entry.value <> '0'
    ) as letter;
    return padded;
end
$$;
