-- Which tokens speak for an educator: those that name `session`, and those signed elsewhere `since`.
create or replace view classpulse.accounts as
select
    educator.id as educator_id,
    educator.account_id,
    classpulse.session_name(educator.account_id, session.stamp, educator.role) as session,
    coalesce(session.since, educator.created_at, 'infinity') as since
from public.educators as educator
left join classpulse.sessions as session on session.account_id = educator.account_id;
