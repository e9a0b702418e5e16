-- How current the figures are: the last event that they hold, the time of which they are true,
-- the captured changes still to be folded in, and the sections that are set aside, since when.
create or replace view public.performance_status as
select
    state.epoch || '-' || state.position as as_of,
    state.as_of_time,
    (select count(*) from classpulse.changes)
    + (select count(*) from classpulse.stale_sections)
    + (select count(*) from classpulse.stale_subjects)
    + (select count(*) from classpulse.stale_days) as backlog,
    (select count(*) from classpulse.set_aside) as set_aside,
    (select min(set_aside.since) from classpulse.set_aside) as set_aside_since
from classpulse.state as state;
comment on view public.performance_status is 'classpulse: how current the figures are';
