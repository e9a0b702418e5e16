-- Every grade with the standing that it is of (its own section's, or one that it is carried over
-- to), the category that it has there, and what its item says of it.
create or replace view classpulse.counted_grades as
select
    grade.student_id,
    grade.section_id,
    grade.subject_id,
    grade.section_id as earned_in,
    grade.id,
    grade.status,
    grade.score,
    grade.total_marks,
    grade.graded_on,
    grade.exam_id,
    case when exam.id is null then grade.category_id else exam.category_id end as category_id,
    exam.exam_date,
    exam.weight,
    coalesce(exam.counts, true) as counts,
    coalesce(exam.extra_credit, false) as extra_credit,
    coalesce(exam.never_drop, false) as never_drop,
    grade.created_at
from public.grades as grade
left join public.exams as exam on exam.id = grade.exam_id
union all
-- its columns are these, in their order
select carried.* from classpulse.carried_grades as carried;
