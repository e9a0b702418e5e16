-- Second, in nobody's way: the bound is checked, and the kept events are listed by section.
alter table classpulse.events validate constraint events_bound;

-- What each section's viewers may read of the log, so that they need not look through everybody's.
create table classpulse.event_sections (
    section_id bigint not null,
    position bigint not null,
    type text not null
) partition by range (position);
create table classpulse.event_sections_0 (like classpulse.event_sections);

with listed as (
    insert into classpulse.event_sections_0 (section_id, position, type)
    select distinct section.id, event.position, event.type
    from classpulse.events as event
    cross join lateral unnest(event.section_ids) as section (id)
    where event.educator_id is null and not starts_with(event.type, '_')
)
-- up to here: what is written meanwhile is listed last of all
insert into classpulse.properties (name, value)
select 'event_sections_to', coalesce(max(event.position), 0)::text from classpulse.events as event;

alter table classpulse.event_sections_0 add primary key (section_id, position);
