-- One row an exam with how far its grading is, as lists, pages and events show it. Only grades of
-- standings count, and how many standings there are is known from the section's figures. Grade by
-- grade, so that the standing is looked up by its index, however many there are in all.
create or replace view classpulse.exam_figures as
select
    exam.id as exam_id,
    classpulse.shown_name(exam.name) as exam_name,
    classpulse.calendar_date(exam.exam_date) as exam_date,
    exam.total_marks,
    exam.section_id,
    classpulse.shown_name(section.name) as section_name,
    exam.subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    classpulse.shown_name(subject.code) as subject_code,
    coalesce(whole.total_students, 0) as students,
    marks.graded,
    marks.missing,
    marks.excused,
    marks.pending,
    marks.average,
    exam.category_id,
    classpulse.shown_name(category.name) as category_name,
    exam.weight,
    exam.counts,
    exam.extra_credit,
    exam.never_drop,
    classpulse.calendar_date(exam.due_on) as due_on
from public.exams as exam
join public.sections as section on section.id = exam.section_id
join public.subjects as subject on subject.id = exam.subject_id
left join public.grade_categories as category on category.id = exam.category_id
left join public.performance_cache as whole
    on whole.section_id = exam.section_id and whole.subject_id is null
cross join lateral (
    select
        count(*) filter (where grade.status = 'graded') as graded,
        count(*) filter (where grade.status = 'missing') as missing,
        count(*) filter (where grade.status = 'excused') as excused,
        count(*) filter (where grade.status = 'pending') as pending,
        classpulse.rounded(classpulse.exact_mean(
            sum(exact.percentage) filter (where grade.status = 'graded'),
            count(exact.percentage) filter (where grade.status = 'graded')
        )) as average
    from public.grades as grade
    cross join lateral (
        select
        from public.student_performance_summaries as summary
        where summary.student_id = grade.student_id and summary.section_id = grade.section_id
        limit 1
    ) as standing
    cross join lateral (
        -- `offset 0`: calculated once, not wherever it is named
        select classpulse.exact_percentage(grade.score, grade.total_marks) as percentage offset 0
    ) as exact
    where grade.exam_id = exam.id
) as marks;
