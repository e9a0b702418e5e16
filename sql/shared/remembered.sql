-- Keeps in the history what `taken` changed. A value of a table that somebody altered may be anything:
-- what is no number or no id is left out, for nothing here may fail the statement around it. Each side
-- is parsed once.
insert into classpulse.history (
    at, source, row_id, student_id, section_id, subject_id, exam_id, date, period, operation,
    old_status, new_status, old_score, new_score, old_total, new_total, by_role, by_application
)
select
    taken.at,
    taken.source,
    classpulse.whole_number(coalesce(after.id, before.id)),
    classpulse.whole_number(coalesce(after.student_id, before.student_id)),
    classpulse.whole_number(coalesce(after.section_id, before.section_id)),
    classpulse.whole_number(coalesce(after.subject_id, before.subject_id)),
    classpulse.whole_number(coalesce(after.exam_id, before.exam_id)),
    left(coalesce(after.date, before.date), 40),
    classpulse.whole_number(left(coalesce(after.period, before.period), 9))::integer,
    taken.operation,
    left(coalesce(before.status, by_hand.old ->> 'letter'), 40),
    left(coalesce(after.status, by_hand.new ->> 'letter'), 40),
    classpulse.decimal_number(coalesce(before.score, by_hand.old ->> 'average')),
    classpulse.decimal_number(coalesce(after.score, by_hand.new ->> 'average')),
    classpulse.decimal_number(before.total_marks),
    classpulse.decimal_number(after.total_marks),
    left(taken.by_role, 100),
    left(taken.by_application, 100)
from taken
cross join lateral json_to_record(coalesce(taken.old, '{}')) as before (
    id text, student_id text, section_id text, subject_id text, exam_id text, date text,
    period text, status text, score text, total_marks text, rule text
)
cross join lateral json_to_record(coalesce(taken.new, '{}')) as after (
    id text, student_id text, section_id text, subject_id text, exam_id text, date text,
    period text, status text, score text, total_marks text, rule text
)
cross join lateral (
    select
        case when taken.source = 'grade_overrides' and before.rule like '{%'
            then before.rule::json end as old,
        case when taken.source = 'grade_overrides' and after.rule like '{%'
            then after.rule::json end as new
) as by_hand
where taken.source in ('grades', 'attendance', 'grade_overrides', 'enrollments')
    and taken.operation in ('insert', 'update', 'delete', 'truncate')
    and (taken.old is not null or taken.new is not null)
