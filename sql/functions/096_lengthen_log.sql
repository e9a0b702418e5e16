-- Makes partitions for the position reached and two ahead of it; the number made. A partition is
-- as wide as no day is long: the log goes on in the next one when the day turns. ATTACH, unlike
-- CREATE ... PARTITION OF, lets everybody read and write meanwhile.
create or replace function classpulse.lengthen_log(reached bigint) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    width constant bigint := 1000000000;
    last constant bigint := (reached / width + 2) * width;
    starts bigint := greatest(
        reached / width * width,
        (select max(partition.upper) from classpulse.log_partitions as partition)
    );
    is_compressed constant boolean := (
        select a.attstorage <> 'e'
        from pg_attribute as a
        where a.attrelid = 'classpulse.events'::regclass and a.attname = 'payload'
    );
    parent text;
    made integer := 0;
begin
    perform set_config('lock_timeout', '10ms', true);
    while starts <= last loop
        foreach parent in array array['events', 'event_sections'] loop
            execute format(
                'create table classpulse.%1$s_%2$s (like classpulse.%1$s including all)',
                parent, starts / width
            );
            if not is_compressed and parent = 'events' then
                -- in the row, as they are
                execute format(
                    'alter table classpulse.events_%s set (toast_tuple_target = 8160)',
                    starts / width
                );
            end if;
            execute format(
                'alter table classpulse.%1$s attach partition classpulse.%1$s_%2$s'
                ' for values from (%3$s) to (%4$s)',
                parent, starts / width, starts, starts + width
            );
        end loop;
        made := made + 1;
        starts := starts + width;
    end loop;
    return made;
end
$$;
