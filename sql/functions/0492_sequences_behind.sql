-- Rows written with their ids leave the sequence of the next id behind: the school's tables
-- where an insert without an id would fail.
create or replace function classpulse.sequences_behind()
returns table (relation regclass, sequence regclass, next_id bigint, highest_id bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    for relation, sequence in
        select
            captured.relation::regclass,
            pg_get_serial_sequence(captured.relation::regclass::text, 'id')::regclass
        from classpulse.captured_relations as captured
        join pg_attribute as key
            on key.attrelid = captured.relation and key.attname = 'id' and not key.attisdropped
        where captured.depth = 0
    loop
        continue when sequence is null;
        execute format('select last_value + case when is_called then 1 else 0 end from %s', sequence)
        into next_id;
        execute format('select max(id) from %s', relation) into highest_id;
        if highest_id >= next_id then
            return next;
        end if;
    end loop;
end
$$;
