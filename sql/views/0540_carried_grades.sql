-- Grades of a section that a student has left, each with the section where it counts now: one that
-- the student is in, of the same school, in a term that overlaps, whose policy for the subject says
-- so. The category is the one that fits there: its own, else the one of the same name.
create or replace view classpulse.carried_grades as
select
    enrollment.student_id,
    enrollment.section_id,
    grade.subject_id,
    grade.section_id as earned_in,
    grade.id,
    grade.status,
    grade.score,
    grade.total_marks,
    grade.graded_on,
    grade.exam_id,
    fitting.category_id,
    exam.exam_date,
    exam.weight,
    coalesce(exam.counts, true) as counts,
    coalesce(exam.extra_credit, false) as extra_credit,
    coalesce(exam.never_drop, false) as never_drop,
    grade.created_at
from public.performance_cache as whole
join public.enrollments as enrollment on enrollment.section_id = whole.section_id
join public.grades as grade
    on grade.student_id = enrollment.student_id and grade.section_id <> enrollment.section_id
join public.sections as present on present.id = enrollment.section_id
join public.sections as former on former.id = grade.section_id
left join classpulse.subject_policies as own
    on own.section_id = enrollment.section_id and own.subject_id = grade.subject_id
left join public.terms as present_term on present_term.id = present.term_id
left join public.terms as former_term on former_term.id = former.term_id
left join public.exams as exam on exam.id = grade.exam_id
left join public.grade_categories as category
    on category.id = case when exam.id is null then grade.category_id else exam.category_id end
cross join lateral (
    select
        case
            when category.id is null then null
            when coalesce(category.section_id, present.id) = present.id then category.id
            else (
                select alike.id
                from public.grade_categories as alike
                where alike.school_id = category.school_id
                    and lower(trim(alike.name)) = lower(trim(category.name))
                    and coalesce(alike.section_id, present.id) = present.id
                    and coalesce(alike.subject_id, grade.subject_id) = grade.subject_id
                order by alike.section_id is null, alike.subject_id is null, alike.id
                limit 1
            )
        end as category_id
) as fitting
where whole.subject_id is null
    and whole.carries
    and coalesce(own.carry_over, whole.carry_over)
    and former.school_id = present.school_id
    and coalesce(former_term.starts_on, '-infinity') <= coalesce(present_term.ends_on, 'infinity')
    and coalesce(present_term.starts_on, '-infinity') <= coalesce(former_term.ends_on, 'infinity')
    and not exists (
        select from public.enrollments as still
        where still.student_id = grade.student_id and still.section_id = grade.section_id
    );
