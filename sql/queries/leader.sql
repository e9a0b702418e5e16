-- name: flag_asleep
select setval('classpulse.projector_asleep', 1)

-- name: flag_awake
select setval('classpulse.projector_asleep', 0)

-- name: writers_can_notify
select current_setting('max_prepared_transactions') = '0' and pg_notification_queue_usage() < 0.5

-- name: own_transaction
select pg_current_xact_id()::text::bigint

-- name: drawn_id
select case when is_called then last_value else 0 end from classpulse.changes_id_seq

-- name: next_transaction
-- Asked after `drawn_id`: a transaction id of our own, so a writer that drew an id up to that one has a
-- lower one. (A snapshot's xmax won't do: it is one above the latest that has *ended*, and may be
-- that of a writer still at work.)
select pg_current_xact_id()::text::bigint

-- name: oldest_change
-- No bound may be above what still waits.
select least(
    (select low_water from classpulse.state),
    (select min(id) from classpulse.changes)
)

-- name: take_lock
-- $1: the version of the SQL that we can lead; under another nobody may try. $2: whether the leader
-- was asked to make room for us; others leave the lock alone for a moment. $3: the line of followers
-- to head if the lock is held, null for none: who heads it asks often, all others seldom.
with tried as (
    select
        state.version is not distinct from $1::text as is_our_version,
        state.lock_number,
        case
            when state.version is not distinct from $1::text
                and (
                    $2::boolean
                    or not exists (
                        select from classpulse.handover as handover
                        where handover.wanted_at
                            between clock_timestamp() - interval '0.5 s' and clock_timestamp()
                    )
                )
                then pg_try_advisory_lock(hashtext('classpulse.leader'), state.lock_number)
        end as taken
    from classpulse.state as state
)
select
    tried.is_our_version,
    tried.lock_number,
    tried.taken,
    case when tried.is_our_version and tried.taken is not true
        then pg_try_advisory_lock(hashtext('classpulse.next'), $3::integer)
    end as is_next
from tried

-- name: leave_line
select pg_advisory_unlock(hashtext('classpulse.next'), $1::integer)

-- name: lead
-- $1: whether this process does nothing else. What was asked of the leader before us is done.
update classpulse.handover set
    leader_pid = pg_backend_pid(),
    leader_is_apart = $1,
    led_since = clock_timestamp(),
    wanted_at = '-infinity'

-- name: confirm_lock
-- The number may have changed between its reading and the lock; from here on it can't.
select state.lock_number = $1::integer and state.version is not distinct from $2::text
from classpulse.state as state
for share

-- name: ask_leader_to_yield
-- NOTIFY is free to all: it makes the leader look, and what it looks at is its owner's.
with wanted as (
    update classpulse.handover set wanted_at = clock_timestamp() returning wanted_at
)
select pg_notify('classpulse_wake', 'yield') from wanted

-- name: is_wanted
select wanted_at > clock_timestamp() - interval '2 s' from classpulse.handover

-- name: lock_holder
-- Who holds the leader's lock; `is_stranger` if it can be nobody who projects, `is_server` if it
-- answers requests, too.
select
    held.pid,
    coalesce(pg_get_userbyid(activity.usesysid), '(unknown)') as role,
    activity.application_name as application,
    activity.usesysid is not null
    and not pg_has_role(activity.usesysid, owned.relowner, 'usage') as is_stranger,
    exists (
        select from classpulse.handover as handover
        where handover.leader_pid = held.pid and not handover.leader_is_apart
    ) as is_server
from classpulse.state as state
join pg_class as owned on owned.oid = 'classpulse.state'::regclass
join pg_locks as held
    on held.locktype = 'advisory'
    and held.granted
    and held.objsubid = 2
    and held.database = (select oid from pg_database where datname = current_database())
    and held.classid = hashtext('classpulse.leader')::bit(32)::bigint::oid
    and held.objid = state.lock_number::bigint::oid
left join pg_stat_activity as activity on activity.pid = held.pid

-- name: keep_lock_number
-- Nobody can confirm a lock meanwhile.
select lock_number from classpulse.state for update

-- name: change_lock_number
update classpulse.state set lock_number = 2 + floor(random() * 2000000000)::integer

-- name: end_stuck_leader
-- A leader's backend that writes to a client that no longer reads never sees its timeouts.
select pg_terminate_backend(activity.pid)
from classpulse.state as state
join pg_locks as held
    on held.locktype = 'advisory'
    and held.granted
    and held.database = (select oid from pg_database where datname = current_database())
    and held.classid = hashtext('classpulse.leader')::bit(32)::bigint::oid
    and held.objid = state.lock_number::bigint::oid
join pg_stat_activity as activity on activity.pid = held.pid
where activity.backend_start < clock_timestamp() - interval '6 s'
    and activity.wait_event = 'ClientWrite'
    and activity.state_change < clock_timestamp() - interval '6 s'

-- name: state
select
    state.epoch,
    greatest(state.position, (select max(event.position) from classpulse.events as event))
        as position,
    state.position < (select max(event.position) from classpulse.events as event) as is_behind,
    state.low_water,
    state.identity,
    state.version
from classpulse.state as state

-- name: catch_up
-- Rows of the log were restored without the row that says where it stands.
update classpulse.state set position = greatest(position, $1::bigint)

-- name: identity
select classpulse.database_identity()

-- name: look
-- Whether something that an administrator undid is to be put back.
select
    exists (select from classpulse.missing_triggers as missing where missing.is_curable)
    or exists (select from classpulse.misbound_views)
    or exists (
        select from classpulse.definitions as made
        where made.kind = 'trigger'
            and not exists (
                select from pg_trigger as t
                where t.tgrelid = to_regclass(made.relation)
                    and t.tgname = made.name
                    and t.tgenabled <> 'D'
            )
    ) as is_broken

-- name: new_epoch
update classpulse.state set
    epoch = substr(md5(random()::text || clock_timestamp()::text || txid_current()::text), 1, 6),
    identity = coalesce($1::jsonb, identity)
returning epoch

-- name: remember_identity
update classpulse.state set identity = $1::jsonb

-- name: announce_epoch
-- No position: a reader at the same one must look, too.
select pg_notify('classpulse_events', 'epoch')

-- name: forget_plans
-- A plan made while a table was small need not be a good one now.
discard plans

-- name: look_at_log
-- Where the log goes on now that the day turned, and what is to be done to its partitions. $1 the
-- position reached, $2 retention, $3 seconds of a partition.
select
    case
        when floor(extract(epoch from opened.at) / $3::float8)
            < floor(extract(epoch from clock_timestamp()) / $3::float8)
            then (
                select min(ahead.lower) from classpulse.log_partitions as ahead
                where ahead.lower > $1::bigint
            )
    end as goes_on_at,
    (
        select count(*) < 2 from classpulse.log_partitions as ahead where ahead.lower > $1::bigint
    ) as is_short,
    oldest.upper <= oldest.log_position and coalesce((
        select event.logged_at
        from classpulse.events as event
        where event.position < oldest.upper
        order by event.position desc
        limit 1
    ) < clock_timestamp() - $2::interval, true) as has_old
from (
    select
        (
            select min(partition.upper) from classpulse.log_partitions as partition
        ) as upper,
        (select state.position from classpulse.state as state) as log_position
) as oldest
left join lateral (
    select event.logged_at as at
    from classpulse.log_partitions as here
    cross join lateral (
        select first.logged_at
        from classpulse.events as first
        where first.position >= here.lower and first.position < here.upper
        order by first.position
        limit 1
    ) as event
    where here.lower <= $1::bigint and $1::bigint < here.upper
) as opened on true

-- name: has_room
select exists (
    select from classpulse.log_partitions as partition
    where partition.lower <= $1::bigint + 1 and $1::bigint + 1 < partition.upper
)

-- name: lengthen_log
select classpulse.lengthen_log($1)

-- name: shorten_log
select classpulse.shorten_log($1)

-- name: forget_events
select classpulse.forget_events($1, $2)

-- name: forget_machinery
-- Proofs of life, once every process has read them. What ends a stream stays as long as any event:
-- a process may have been cut off.
delete from classpulse.events
where position > $1 and position <= $2 and type = '_canary'

-- name: forget_processes
with tokens as (
    delete from classpulse.revoked_tokens where expires_at < clock_timestamp()
)
delete from classpulse.canaries where born_at < clock_timestamp() - interval '1 day'

-- name: release_lock
select pg_advisory_unlock(hashtext('classpulse.leader'), $1::integer)

-- name: lengthen_history
select classpulse.lengthen_history()

-- name: shorten_history
select classpulse.shorten_history($1)
