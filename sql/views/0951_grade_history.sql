-- Who changed which grade or override, from what to what, whichever tool wrote it. Of an override the
-- status is its letter and the score its average.
create or replace view public.grade_history as
select
    history.id, history.at, history.row_id, history.student_id, history.section_id,
    history.subject_id, history.exam_id, history.operation, history.old_status,
    history.new_status, history.old_score, history.new_score, history.old_total,
    history.new_total, history.by_role, history.by_application,
    case history.source when 'grades' then 'grade' else 'override' end as kind
from classpulse.history as history
where history.source in ('grades', 'grade_overrides');
comment on view public.grade_history is 'classpulse: who changed which grade or override';
