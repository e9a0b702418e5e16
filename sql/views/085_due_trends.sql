-- Standings whose trend waits to be derived and can be.
create or replace view classpulse.due_trends as
select stale.section_id, stale.student_id
from classpulse.stale_trends as stale
where stale.retry_at <= clock_timestamp()
    and not exists (
        select from classpulse.set_aside as aside where aside.section_id = stale.section_id
    );
