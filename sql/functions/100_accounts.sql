-- Which tokens speak for an educator: `session` is what they must repeat. The role is part of it,
-- so that a changed one ends them also where no trigger could see the change.
create or replace view classpulse.accounts as
select
    educator.id as educator_id,
    educator.account_id,
    left(encode(sha256(convert_to(
        concat_ws('/', educator.account_id, session.stamp, educator.role), 'UTF8'
    )), 'hex'), 32) as session,
    coalesce(session.since, educator.created_at, 'infinity') as since
from public.educators as educator
left join classpulse.sessions as session on session.account_id = educator.account_id;
