-- Two objects of counts, added key by key. A key that comes to 0 stays if `keep_zeros`.
-- (plpgsql keeps its plan; it is called for each section and subject of a batch.)
create or replace function classpulse.counts_added(one jsonb, other jsonb, keep_zeros boolean)
returns jsonb
language plpgsql immutable
as $$
declare
    total jsonb := one;
    key text;
    sum bigint;
begin
    if other = '{}' then
        return one;
    end if;
    for key in select jsonb_object_keys(other) loop
        sum := coalesce((total ->> key)::bigint, 0) + (other ->> key)::bigint;
        if sum = 0 and not keep_zeros then
            total := total - key;
        else
            total := jsonb_set(total, array[key], to_jsonb(sum));
        end if;
    end loop;
    return total;
end
$$;
