-- name: page
-- Exams, the newest first and those without a date last, after the one that the cursor names.
-- A date beyond our calendar, as infinity, is none.
with filtered as (
    select
        exam.id,
        exam.name,
        exam.section_id,
        exam.subject_id,
        exam.total_marks,
        case
            when exam.exam_date between '0001-01-02' and '9999-12-30' then exam.exam_date
        end as exam_date
    from public.exams as exam
    where exam.section_id = any(cast(:sections as bigint[]))
        and (
            cast(:subjects as bigint[]) is null
            or exam.subject_id = any(cast(:subjects as bigint[]))
        )
), page as (
    select *
    from filtered
    where cast(:after_id as bigint) is null
        or (filtered.exam_date is null and cast(:after_date as date) is not null)
        or filtered.exam_date < cast(:after_date as date)
        or (
            filtered.exam_date is not distinct from cast(:after_date as date)
            and filtered.id < cast(:after_id as bigint)
        )
    order by filtered.exam_date desc nulls last, filtered.id desc
    limit cast(:limit as bigint)
)
select
    counted.total,
    page.id as exam_id,
    page.name as exam_name,
    page.exam_date,
    page.total_marks,
    page.section_id,
    section.name as section_name,
    page.subject_id,
    subject.name as subject_name,
    subject.code as subject_code,
    standings.students,
    grades.graded,
    grades.missing,
    grades.excused,
    grades.pending,
    grades.average
from (select count(*) as total from filtered) as counted
left join page on true
left join public.sections as section on section.id = page.section_id
left join public.subjects as subject on subject.id = page.subject_id
left join lateral (
    select count(*) as students
    from public.student_performance_summaries as summary
    where summary.section_id = page.section_id
) as standings on true
left join lateral (
    select
        count(*) filter (where grade.status = 'graded') as graded,
        count(*) filter (where grade.status = 'missing') as missing,
        count(*) filter (where grade.status = 'excused') as excused,
        count(*) filter (where grade.status = 'pending') as pending,
        classpulse.rounded(
            avg(classpulse.exact_percentage(grade.score, grade.total_marks))
                filter (where grade.status = 'graded')
        ) as average
    from public.grades as grade
    join public.student_performance_summaries as summary
        on summary.student_id = grade.student_id and summary.section_id = grade.section_id
    where grade.exam_id = page.id
) as grades on true
order by page.exam_date desc nulls last, page.id desc;

-- name: one
select
    exam.id as exam_id,
    exam.name as exam_name,
    case
        when exam.exam_date between '0001-01-02' and '9999-12-30' then exam.exam_date
    end as exam_date,
    exam.total_marks,
    exam.section_id,
    section.name as section_name,
    exam.subject_id,
    subject.name as subject_name,
    subject.code as subject_code
from public.exams as exam
join public.sections as section on section.id = exam.section_id
join public.subjects as subject on subject.id = exam.subject_id
where exam.id = cast(:exam_id as bigint)
    and (
        cast(:everything as boolean)
        or exam.section_id = any(cast(:sections as bigint[]))
    );

-- name: grades
-- Every standing of the exam's section, with its grade where there is one.
select
    standing.id as student_id,
    standing.student_number,
    standing.name as student_name,
    standing.roll_number,
    grade.id as grade_id,
    grade.status,
    grade.score,
    grade.total_marks,
    case
        when grade.status = 'graded'
            then classpulse.rounded(classpulse.exact_percentage(grade.score, grade.total_marks))
    end as percentage,
    case
        when grade.graded_on between '0001-01-02' and '9999-12-30' then grade.graded_on
    end as graded_on,
    grade.remarks
from classpulse.standing_figures as standing
left join public.grades as grade
    on grade.exam_id = cast(:exam_id as bigint) and grade.student_id = standing.id
where standing.section_id = cast(:section_id as bigint)
order by standing.roll_number nulls last, standing.name, standing.id;

-- name: summary
select
    count(*) filter (where grade.status = 'graded') as graded,
    count(*) filter (where grade.status = 'missing') as missing,
    count(*) filter (where grade.status = 'excused') as excused,
    count(*) filter (where grade.status = 'pending') as pending,
    classpulse.rounded(
        avg(classpulse.exact_percentage(grade.score, grade.total_marks))
            filter (where grade.status = 'graded')
    ) as average,
    (
        select count(*) from public.student_performance_summaries as summary
        where summary.section_id = cast(:section_id as bigint)
    ) as students
from public.grades as grade
join public.student_performance_summaries as standing
    on standing.student_id = grade.student_id and standing.section_id = grade.section_id
where grade.exam_id = cast(:exam_id as bigint);
