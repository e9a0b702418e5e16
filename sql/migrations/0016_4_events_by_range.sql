-- Last: what is there becomes the first partition, as it lies.
alter table classpulse.events rename to events_0;
alter index classpulse.events_pkey rename to events_0_pkey;
alter index classpulse.events_of_a_student rename to events_0_of_a_student;
alter index classpulse.events_of_a_former_student rename to events_0_of_a_former_student;
alter index classpulse.events_of_a_school rename to events_0_of_a_school;
alter index classpulse.events_of_an_educator rename to events_0_of_an_educator;
alter index classpulse.events_canaries rename to events_0_canaries;

create table classpulse.events (
    like classpulse.events_0 including defaults including storage including compression,
    primary key (position)
) partition by range (position);
-- Compressing by pglz is four fifths of what it costs to write an event. By lz4 it is a third of
-- that; a server without it stores payloads as they are (toast_tuple_target: in the row).
do $$
begin
    alter table classpulse.events
        alter payload set compression lz4, alter parts set compression lz4;
    alter table classpulse.events_0
        alter payload set compression lz4, alter parts set compression lz4;
exception
    when feature_not_supported then
        alter table classpulse.events
            alter payload set storage external, alter parts set storage external;
        alter table classpulse.events_0
            alter payload set storage external, alter parts set storage external,
            set (toast_tuple_target = 8160);
end
$$;
create index events_of_a_student on classpulse.events (student_id, position)
where student_id is not null;
create index events_of_a_former_student on classpulse.events (former_student_id, position)
where former_student_id is not null;
create index events_of_a_school on classpulse.events (school_id, position)
where educator_id is null and section_ids = '{}';
create index events_of_an_educator on classpulse.events (educator_id, position)
where educator_id is not null;
create index events_canaries on classpulse.events (position) where type = '_canary';
alter table classpulse.event_sections add primary key (section_id, position);

insert into classpulse.event_sections_0 (section_id, position, type)
select distinct section.id, event.position, event.type
from classpulse.events_0 as event
cross join lateral unnest(event.section_ids) as section (id)
where event.position > (
        select property.value::bigint from classpulse.properties as property
        where property.name = 'event_sections_to'
    )
    and event.educator_id is null
    and not starts_with(event.type, '_');
delete from classpulse.properties where name = 'event_sections_to';

do $$
declare
    bound constant bigint := (
        select substring(pg_get_constraintdef(c.oid) from '[0-9]{4,}')::bigint
        from pg_constraint as c
        where c.conrelid = 'classpulse.events_0'::regclass and c.conname = 'events_bound'
    );
    is_compressed constant boolean := (
        select a.attstorage <> 'e'
        from pg_attribute as a
        where a.attrelid = 'classpulse.events'::regclass and a.attname = 'payload'
    );
    parent text;
begin
    foreach parent in array array['events', 'event_sections'] loop
        execute format(
            'alter table classpulse.%1$s attach partition classpulse.%1$s_0'
            ' for values from (minvalue) to (%2$s)', parent, bound
        );
        for ahead in 0..1 loop
            execute format(
                'create table classpulse.%1$s_%2$s partition of classpulse.%1$s'
                ' for values from (%3$s) to (%4$s)',
                parent, bound / 1000000000 + ahead,
                bound + ahead * 1000000000::bigint, bound + (ahead + 1) * 1000000000::bigint
            );
            if not is_compressed and parent = 'events' then
                execute format(
                    'alter table classpulse.events_%s set (toast_tuple_target = 8160)',
                    bound / 1000000000 + ahead
                );
            end if;
        end loop;
    end loop;
end
$$;
alter table classpulse.events_0 drop constraint events_bound;

-- It is the same log: ids given out before hold.
update classpulse.state as state
set identity = jsonb_set(
    state.identity, '{events}', to_jsonb('classpulse.events'::regclass::oid::bigint)
)
where state.identity -> 'events' = to_jsonb('classpulse.events_0'::regclass::oid::bigint);

-- A projector of the version before writes on until the new version is recorded, and knows nothing
-- of `event_sections`. sql/triggers/events.sql takes this out after that.
create function classpulse.list_events() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into classpulse.event_sections (section_id, position, type)
    select section.id, event.position, event.type
    from added as event
    cross join lateral unnest(event.section_ids) as section (id)
    where event.educator_id is null and not starts_with(event.type, '_')
    on conflict do nothing;
    return null;
end
$$;
revoke execute on function classpulse.list_events from public;
create trigger classpulse_list_events
after insert on classpulse.events
referencing new table as added
for each statement execute function classpulse.list_events();
