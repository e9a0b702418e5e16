-- The same of attendance, which has no score.
create or replace view public.attendance_history as
select
    history.id, history.at, history.row_id, history.student_id, history.section_id,
    history.subject_id, history.exam_id, history.operation, history.old_status,
    history.new_status, history.old_score, history.new_score, history.old_total,
    history.new_total, history.by_role, history.by_application, history.date, history.period
from classpulse.history as history
where history.source = 'attendance';
comment on view public.attendance_history is 'classpulse: who changed which attendance row';
