-- Keeps in the history what `taken` changed. A value of a table that somebody altered may be anything:
-- what is no number or no id is left out, for nothing here may fail the statement around it.
insert into classpulse.history (
    at, source, row_id, student_id, section_id, subject_id, exam_id, date, period, operation,
    old_status, new_status, old_score, new_score, old_total, new_total, by_role, by_application
)
select
    taken.at,
    taken.source,
    classpulse.whole_number(line.body ->> 'id'),
    classpulse.whole_number(line.body ->> 'student_id'),
    classpulse.whole_number(line.body ->> 'section_id'),
    classpulse.whole_number(line.body ->> 'subject_id'),
    classpulse.whole_number(line.body ->> 'exam_id'),
    left(line.body ->> 'date', 40),
    case when line.body ->> 'period' ~ '^-?\d{1,9}$' then (line.body ->> 'period')::integer end,
    taken.operation,
    left(coalesce(taken.old ->> 'status', line.old_override ->> 'letter'), 40),
    left(coalesce(taken.new ->> 'status', line.new_override ->> 'letter'), 40),
    classpulse.decimal_number(coalesce(taken.old ->> 'score', line.old_override ->> 'average')),
    classpulse.decimal_number(coalesce(taken.new ->> 'score', line.new_override ->> 'average')),
    classpulse.decimal_number(taken.old ->> 'total_marks'),
    classpulse.decimal_number(taken.new ->> 'total_marks'),
    left(taken.by_role, 100),
    left(taken.by_application, 100)
from taken
cross join lateral (
    select
        coalesce(taken.new, taken.old) as body,
        case when taken.source = 'grade_overrides' and taken.old ->> 'rule' like '{%'
            then (taken.old ->> 'rule')::json end as old_override,
        case when taken.source = 'grade_overrides' and taken.new ->> 'rule' like '{%'
            then (taken.new ->> 'rule')::json end as new_override
) as line
where taken.source in ('grades', 'attendance', 'grade_overrides', 'enrollments')
    and taken.operation in ('insert', 'update', 'delete', 'truncate')
    and (taken.old is not null or taken.new is not null)
