-- Sections whose figures could not be calculated or told: everybody else's go on without them.
create table classpulse.set_aside (
    section_id bigint primary key,
    reason text not null,
    since timestamptz not null default clock_timestamp(),
    tries integer not null default 1,
    retry_at timestamptz not null
);

-- One row a section and reason, instead of a growing text that names them all.
alter table classpulse.stale_sections drop constraint stale_sections_pkey;
insert into classpulse.stale_sections (section_id, reason, marked_at)
select stale.section_id, each.reason, min(stale.marked_at)
from classpulse.stale_sections as stale
cross join lateral unnest(string_to_array(stale.reason, ' ')) as each (reason)
where stale.reason like '% %'
group by stale.section_id, each.reason;
delete from classpulse.stale_sections where reason like '% %';
alter table classpulse.stale_sections add primary key (section_id, reason);

-- What waits is counted in bytes, so it must not shrink on the way to the disk.
alter table classpulse.changes
alter column old set storage external,
alter column new set storage external;
