-- What is needed to notice that a database's administrator undid a part of the machinery, and to
-- put it back.

-- The tables whose changes are captured, by oid: a partition that came or went, and a table that
-- was exchanged for another of its name, are seen by it. `is_part` is false of former ones.
create table classpulse.captures (
    relation oid primary key,
    source text not null,
    is_part boolean not null
);
insert into classpulse.captures (relation, source, is_part)
select distinct on (part.relid) part.relid, captured.relname, true
from pg_trigger as t
join pg_class as captured on captured.oid = t.tgrelid
cross join lateral (
    select captured.oid::regclass as relid
    union
    select tree.relid from pg_partition_tree(captured.oid) as tree
) as part
where t.tgname = 'classpulse_capture_insert'
    and t.tgfoid = to_regproc('classpulse.capture_insert')
    and captured.relnamespace in ('public'::regnamespace, 'classpulse'::regnamespace)
    and not captured.relispartition;

-- How Postgres itself words each object that an installation made, so that an altered one is seen.
-- Another major version may word the same object differently.
create table classpulse.definitions (
    kind text not null,
    name text not null,
    -- of a trigger: its table
    relation text not null default '',
    file text not null,
    hash text not null,
    major integer not null,
    primary key (kind, name, relation)
);

alter table classpulse.state
-- the second half of the leader's advisory lock. Any role may take any lock, so that it changes
-- when a stranger holds it
add column lock_number integer not null default 1,
-- of the SQL that the leader's Python must fit
add column version text;

-- When somebody last asked the leader to step aside; only the owner can.
create table classpulse.handover (
    only_row boolean primary key default true check (only_row),
    wanted_at timestamptz not null default '-infinity'
);
insert into classpulse.handover default values;
