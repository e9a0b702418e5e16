-- name: session
set lock_timeout = '1s';
set statement_timeout = 0;
set default_transaction_read_only = off;
set standard_conforming_strings = on;
set quote_all_identifiers = off;
set row_security = off;
set idle_in_transaction_session_timeout = 0;
set search_path = pg_catalog;
set default_transaction_isolation = 'read committed';
set client_min_messages = warning;

-- name: take_turn
-- Never a blocking wait: it would hold a snapshot, and vacuum with it.
select pg_try_advisory_lock(x'636c617373'::bigint);

-- name: wait_briefly
-- To put back what an administrator undid, with others writing: in nobody's way.
set lock_timeout = '100ms';

-- name: holder_of_turn
select format('pid %s of role %s', held.pid, coalesce(activity.usename, '(hidden)')) as holder
from pg_locks as held
left join pg_stat_activity as activity on activity.pid = held.pid
where held.locktype = 'advisory'
    and held.granted
    and held.objsubid = 1
    and held.database = (select oid from pg_database where datname = current_database())
    and held.classid::bigint = x'63'::bigint
    and held.objid::bigint = x'6c617373'::bigint;

-- name: shipped
-- For the script that takes out: it has no parameters.
select set_config('classpulse.shipped', $1::text, true);

-- name: prepare
-- Figures that a restore of schema public brought are made again.
do $$
begin
    if to_regclass('classpulse.migrations') is null then
        drop procedure if exists public.performance_wait;
        drop view if exists public.performance_status;
        drop table if exists public.performance_cache, public.student_performance_summaries;
    end if;
end
$$;
create schema if not exists classpulse;
comment on schema classpulse is 'classpulse: machinery';
create table if not exists classpulse.migrations (
    name text primary key,
    applied_at timestamptz not null default now()
);
create table if not exists classpulse.objects (
    file text primary key,
    hash text not null,
    created_at timestamptz not null default now()
);

-- name: is_prepared
select to_regclass('classpulse.migrations') is not null
    and to_regclass('classpulse.objects') is not null;

-- name: is_pending
select not exists (select from classpulse.migrations where name = $1) as pending;

-- name: applied_migrations
select name from classpulse.migrations;

-- name: record_migration
insert into classpulse.migrations (name) values ($1);

-- name: known_objects
select file, hash from classpulse.objects;

-- name: record_object
insert into classpulse.objects (file, hash) values ($1, $2)
on conflict (file) do update set hash = excluded.hash, created_at = now();

-- name: can_compare
select to_regprocedure('classpulse.definition_of(text, text, text)') is not null
    and to_regclass('classpulse.definitions') is not null
    and to_regclass('classpulse.missing_triggers') is not null
    and to_regclass('classpulse.captures') is not null;

-- name: record_definition
insert into classpulse.definitions (kind, name, relation, file, hash, major)
values (
    $1::text, $2::text, $3::text, $4::text,
    md5(classpulse.definition_of($1::text, $2::text, $3::text)),
    current_setting('server_version_num')::integer / 10000
)
on conflict (kind, name, relation) do update
set file = excluded.file, hash = excluded.hash, major = excluded.major;

-- name: forget_files
-- Files that this release doesn't have, given the ones it has: an older release that is run again
-- would take its own record for the object that this one made.
delete from classpulse.objects where not $1::jsonb ? file;

-- name: record_version
-- The leader looks at once, and a batch that it has under way can't be committed.
update classpulse.state set version = $1::text where version is distinct from $1::text;

-- name: announce_version
select pg_notify('classpulse_wake', 'version');

-- name: advice
select sentence from classpulse.missing_references
union all
select format(
    '%s has rows up to id %s and the next id at %s, so that an insert without an id fails: '
    'select setval(%L, %s)', relation, highest_id, next_id, sequence, highest_id
)
from classpulse.sequences_behind();

-- name: advance_sequences
select * from classpulse.advance_sequences(to_regclass($1::text)) as sentence;

-- name: has_version
select coalesce(
    (select to_jsonb(state) ->> 'version' = $1::text from classpulse.state as state), false
);

-- name: altered_objects
-- Of the objects named in four lists side by side (file, kind, name and, of a trigger, its table):
-- those that are not as they were made, and how.
select shipped.file, shipped.kind, shipped.name, shipped.relation, altered.how
from unnest($1::text[], $2::text[], $3::text[], $4::text[])
    as shipped (file, kind, name, relation)
left join classpulse.definitions as made using (kind, name, relation)
cross join lateral (
    select classpulse.definition_of(shipped.kind, shipped.name, shipped.relation) as definition
) as now
cross join lateral (
    select case
        when now.definition is null then 'is missing'
        when made.hash is null then 'was not made by classpulse migrate'
        when made.file <> shipped.file then 'was made by ' || made.file || ': run classpulse migrate'
        when made.major <> current_setting('server_version_num')::integer / 10000
            then 'was made under PostgreSQL ' || made.major || ': run classpulse migrate'
        when made.hash <> md5(now.definition) then 'was altered'
    end as how
) as altered
where altered.how is not null;

-- name: missing_captures
-- The captured tables, given by name, whose capture is not whole, also in one of its parts.
select captured.name
from unnest($1::text[]) as captured (name)
where split_part(captured.name, '.', 2) in (
    select missing.source from classpulse.missing_triggers as missing where missing.is_curable
);

-- name: close_functions
revoke execute on all routines in schema classpulse from public;

-- name: has_roles
select count(*) = 2 from pg_roles where rolname in ('classpulse_writer', 'classpulse_reader');

-- name: holders_of_locks
-- Who holds up an installation: the oldest transactions that have one of our tables in use.
select distinct l.pid
from pg_locks as l
join pg_class as c on c.oid = l.relation
where l.locktype = 'relation'
    and l.granted
    and l.pid <> pg_backend_pid()
    and c.relnamespace in (to_regnamespace('public'), to_regnamespace('classpulse'))
order by l.pid
limit 5;
