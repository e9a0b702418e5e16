-- name: of_a_grade
-- What happened to a grade, newest first: of one in a viewer's sections now, or last. What it was in
-- sections that are not theirs is not told.
select
    changed.id, changed.at, changed.row_id as grade_id, changed.student_id, changed.section_id,
    changed.subject_id, changed.exam_id, changed.operation, changed.old_status,
    changed.new_status, changed.old_score, changed.new_score, changed.old_total,
    changed.new_total, changed.by_role, changed.by_application
from public.grade_history as changed
where changed.row_id = cast(:grade_id as bigint)
    and changed.kind = 'grade'
    and (
        cast(:everything as boolean)
        or changed.section_id = any(cast(:sections as bigint[]))
    )
order by changed.at desc, changed.id desc
limit cast(:limit as bigint);

-- name: grade
-- Whether there is such a grade in their sections.
select exists (
    select from public.grades as grade
    where grade.id = cast(:grade_id as bigint)
        and (
            cast(:everything as boolean)
            or grade.section_id = any(cast(:sections as bigint[]))
        )
) as is_there;

-- name: of_a_student
-- The same of all rows of a student, attendance and overrides too, since a moment.
select
    changed.id,
    changed.at,
    case changed.source
        when 'grades' then 'grade' when 'attendance' then 'attendance' else 'override'
    end as kind,
    changed.row_id,
    changed.student_id,
    changed.section_id,
    changed.subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    changed.exam_id,
    classpulse.shown_name(exam.name) as exam_name,
    changed.date,
    changed.period,
    changed.operation,
    changed.old_status,
    changed.new_status,
    changed.old_score,
    changed.new_score,
    changed.old_total,
    changed.new_total,
    changed.by_role,
    changed.by_application
from classpulse.history as changed
left join public.subjects as subject on subject.id = changed.subject_id
left join public.exams as exam on exam.id = changed.exam_id
where changed.student_id = cast(:student_id as bigint)
    and changed.source <> 'enrollments'
    and (cast(:since as timestamptz) is null or changed.at >= cast(:since as timestamptz))
    and (
        changed.section_id is null
        or cast(:everything as boolean)
        or changed.section_id = any(cast(:sections as bigint[]))
    )
order by changed.at desc, changed.id desc
limit cast(:limit as bigint);
