-- name: answers
-- Nothing of ours is named, so that it can be asked of any database.
select
    to_regclass('classpulse.state') is not null
    and to_regclass('public.performance_cache') is not null
    and to_regclass('public.student_performance_summaries') is not null as is_installed,
    pg_is_in_recovery() as is_standby,
    current_setting('default_transaction_read_only') = 'on' as is_read_only;

-- name: set_aside
select status.set_aside, status.set_aside_since from public.performance_status as status;

-- name: trends
-- Of how many standings the trend is derived; the rest waits.
select count(*) - count(stale.student_id) as done, count(*) as of
from public.student_performance_summaries as summary
left join classpulse.stale_trends as stale
    on stale.section_id = summary.section_id and stale.student_id = summary.student_id
where exists (select from classpulse.stale_trends);

-- name: projector
-- The version of the SQL, and what kind of process was the last to take the lead.
select
    state.version,
    case when handover.leader_is_apart then 'apart' when not handover.leader_is_apart then 'inside' end
        as projector
from classpulse.state as state
left join classpulse.handover as handover on true;

-- name: problems
-- What keeps a change from being seen or shown, in sentences with the act to do.
select problem as sentence from classpulse.hidden_tables
union all
select problem from classpulse.missing_triggers where not is_curable
union all
select
    problem || ': the leading process puts this right by itself as soon as it gets a lock; '
    'if it stays, run classpulse migrate as the owner'
from (
    select problem from classpulse.missing_triggers where operation is null and is_curable
    union all
    select problem from (
        select problem from classpulse.missing_triggers
        where operation is not null and is_curable
        order by problem limit 4
    ) as first
    union all
    select problem from classpulse.misbound_views
) as healed;

-- name: lock_holder
-- The session that holds the projector's lock, also a stranger's.
select
    held.pid,
    coalesce(pg_get_userbyid(activity.usesysid), '(unknown)') as role,
    coalesce(nullif(activity.application_name, ''), 'unnamed') as application
from classpulse.state as state
join pg_locks as held
    on held.locktype = 'advisory'
    and held.granted
    and held.objsubid = 2
    and held.database = (select oid from pg_database where datname = current_database())
    and held.classid = hashtext('classpulse.leader')::bit(32)::bigint::oid
    and held.objid = state.lock_number::bigint::oid
left join pg_stat_activity as activity on activity.pid = held.pid;
