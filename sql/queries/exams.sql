-- name: page
-- Exams, the newest first and those without a date last, after the one that the cursor names.
-- A date beyond our calendar, as infinity, is none.
with filtered as (
    select
        exam.id,
        classpulse.calendar_date(exam.exam_date) as exam_date
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
select counted.total, shown.*
from (select count(*) as total from filtered) as counted
left join (
    select
        f.exam_id, f.exam_name, f.exam_date, f.total_marks, f.section_id, f.section_name,
        f.subject_id, f.subject_name, f.subject_code, f.students, f.graded, f.missing, f.excused,
        f.pending, f.average, f.category_id, f.category_name, f.weight, f.counts,
        f.extra_credit, f.never_drop, f.due_on
    from page
    join classpulse.exam_figures as f on f.exam_id = page.id
) as shown on true
order by shown.exam_date desc nulls last, shown.exam_id desc;

-- name: found
-- The newest exams of these sections whose name holds all the words. Most exams share their names
-- with others, and a name is looked into once.
with named as (
    select distinct exam.name
    from public.exams as exam
    where exam.section_id = any(cast(:sections as bigint[]))
), matching as materialized (
    select named.name
    from named
    where classpulse.search_text(named.name)
        like all (classpulse.search_patterns(cast(:q as text)))
), page as (
    select exam.id
    from public.exams as exam
    join matching on matching.name = exam.name
    where exam.section_id = any(cast(:sections as bigint[]))
    order by exam.exam_date desc nulls last, exam.id desc
    limit cast(:limit as bigint)
)
select f.exam_id, f.exam_name, f.exam_date, f.section_id, f.section_name, f.subject_name
from page
join classpulse.exam_figures as f on f.exam_id = page.id
order by f.exam_date desc nulls last, f.exam_id desc;

-- name: one
-- `letters`: those of the policy that holds for it, the best first.
select
    f.exam_id, f.exam_name, f.exam_date, f.total_marks, f.section_id, f.section_name, f.subject_id,
    f.subject_name, f.subject_code, f.students, f.graded, f.missing, f.excused, f.pending, f.average,
    f.category_id, f.category_name, f.weight, f.counts, f.extra_credit, f.never_drop, f.due_on,
    (
        select json_agg(letter.name order by letter.place desc)
        from classpulse.policy_in_force(f.section_id, f.subject_id) as policy
        cross join lateral unnest(policy.letters) with ordinality as letter (name, place)
    ) as letters
from classpulse.exam_figures as f
where f.exam_id = cast(:exam_id as bigint)
    and (
        cast(:everything as boolean)
        or f.section_id = any(cast(:sections as bigint[]))
    );

-- name: grades
-- Every standing of the exam's section, with its grade where there is one, and the letter that this
-- grade alone would be.
with policy as materialized (
    select found.letters, found.minimums
    from public.exams as exam
    cross join lateral classpulse.policy_in_force(exam.section_id, exam.subject_id) as found
    where exam.id = cast(:exam_id as bigint)
)
select
    standing.id as student_id,
    standing.student_number,
    standing.name as student_name,
    standing.roll_number,
    grade.id as grade_id,
    grade.status,
    grade.score,
    grade.total_marks,
    mark.percentage,
    policy.letters[width_bucket(mark.percentage, policy.minimums)] as letter,
    classpulse.calendar_date(grade.graded_on) as graded_on,
    classpulse.shown_remark(grade.remarks) as remarks
from classpulse.standing_figures as standing
join public.schools as school on school.id = standing.school_id
left join public.grades as grade
    on grade.exam_id = cast(:exam_id as bigint) and grade.student_id = standing.id
cross join policy
cross join lateral (
    select
        case
            when grade.status = 'graded'
                then classpulse.rounded(
                    classpulse.exact_percentage(grade.score, grade.total_marks)
                )
        end as percentage
    offset 0
) as mark
where standing.section_id = cast(:section_id as bigint)
order by
    standing.roll_number nulls last,
    case
        when school.name_order = 'first_last' then standing.by_name
        else standing.by_last_name
    end,
    standing.id;

-- name: parallel
-- Exams of the same name, case and blanks aside, and subject in other sections of the same term.
select
    f.exam_id, f.exam_name, f.exam_date, f.section_id, f.section_name, f.students, f.graded, f.average
from public.exams as exam
join public.sections as section on section.id = exam.section_id
join public.exams as alike
    on alike.subject_id = exam.subject_id
    and alike.section_id <> exam.section_id
    and lower(trim(alike.name)) = lower(trim(exam.name))
join public.sections as beside
    on beside.id = alike.section_id and beside.term_id is not distinct from section.term_id
join classpulse.exam_figures as f on f.exam_id = alike.id
where exam.id = cast(:exam_id as bigint)
    and (cast(:everything as boolean) or alike.section_id = any(cast(:sections as bigint[])))
order by f.section_name, f.section_id, f.exam_id
limit 50;

-- name: unmarked
-- Items of these sections that are due and that a standing lacks a mark of, the longest due first,
-- after the one that the cursor names. Always at least one row: `total` counts all that are found.
with filtered as materialized (
    select
        due.exam_id,
        -- a day before our calendar is shown as none, and comes first
        greatest(coalesce(exam.due_on, exam.exam_date), '0001-01-01') as day
    from classpulse.due_items as due
    join public.exams as exam on exam.id = due.exam_id
    where due.section_id = any(cast(:sections as bigint[]))
        and exists (
            select from classpulse.unmarked as lacking where lacking.exam_id = due.exam_id
        )
), page as (
    select *
    from filtered
    where cast(:after_id as bigint) is null
        or (filtered.day, filtered.exam_id)
        > (cast(:after_date as date), cast(:after_id as bigint))
    order by filtered.day, filtered.exam_id
    limit cast(:limit as bigint)
)
select
    counted.total,
    page.day,
    exam.id as exam_id,
    classpulse.shown_name(exam.name) as exam_name,
    section.id as section_id,
    classpulse.shown_name(section.name) as section_name,
    subject.id as subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    classpulse.calendar_date(exam.due_on) as due_on,
    classpulse.calendar_date(exam.exam_date) as exam_date,
    greatest(
        classpulse.today_at(section.school_id) - coalesce(exam.due_on, exam.exam_date), 0
    ) as days_past,
    figures.total_students as students,
    (
        select count(*) from classpulse.unmarked as lacking where lacking.exam_id = exam.id
    ) as unmarked
from (select count(*) as total from filtered) as counted
left join (
    page
    join public.exams as exam on exam.id = page.exam_id
    join public.sections as section on section.id = exam.section_id
    join public.subjects as subject on subject.id = exam.subject_id
    join public.performance_cache as figures
        on figures.section_id = exam.section_id and figures.subject_id is null
) on true
order by page.day, exam.id;
