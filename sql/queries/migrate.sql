-- name: session
set lock_timeout = '1s';
set statement_timeout = 0;
set idle_in_transaction_session_timeout = 0;
set search_path = pg_catalog;
set default_transaction_isolation = 'read committed';
set client_min_messages = warning;

-- name: take_turn
-- Never a blocking wait: it would hold a snapshot, and vacuum with it.
select pg_try_advisory_lock(x'636c617373'::bigint);

-- name: prepare
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

-- name: missing_objects
-- Of the objects named in three lists side by side: kind, name and, of a trigger, its table.
select shipped.file
from unnest($1::text[], $2::text[], $3::text[], $4::text[])
    as shipped (file, kind, name, relation)
where case shipped.kind
    when 'view' then to_regclass(shipped.name) is null
    when 'trigger' then not exists (
        select from pg_trigger as t
        where t.tgrelid = to_regclass(shipped.relation)
            and t.tgname = shipped.name
            -- those on the school's tables fire for whoever writes
            and t.tgenabled = case when shipped.relation like 'public.%' then 'A' else 'O' end
    )
    else not exists (
        select from pg_proc as p
        where p.pronamespace::regnamespace || '.' || p.proname = shipped.name
    )
end;

-- name: missing_captures
-- The captured tables, given by name, whose capture is not whole, also in one of its partitions.
select captured.name
from unnest($1::text[]) as captured (name)
where exists (
    select from classpulse.missing_triggers as missing
    where missing.relation = to_regclass(captured.name)
        or missing.relation in (
            select tree.relid from pg_partition_tree(to_regclass(captured.name)) as tree
        )
);

-- name: close_functions
revoke execute on all routines in schema classpulse from public;

-- name: retry_set_aside
update classpulse.set_aside set retry_at = clock_timestamp();

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
