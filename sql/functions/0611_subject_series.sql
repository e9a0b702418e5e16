-- The averages of these subjects of standings at each date at which one of their rows is dated, as
-- they are over the rows dated up to then. The arrays go together: student and section of a standing,
-- and the subject (null: every one). A row's date is that of its grading, else its item's, else the
-- day it was written at the school; without any it counts from the beginning, as an override does.
-- Of a subject with a rule, the last average is the standing's own and those before are kept while
-- the rows that they were calculated from are the same, unless all is to be derived `afresh`.
create or replace function classpulse.subject_series(
    student_ids bigint[], section_ids bigint[], subject_ids bigint[], afresh boolean
)
returns table (
    student_id bigint, section_id bigint, subject_id bigint, date date, exact_average numeric,
    passed boolean, n integer, basis bigint
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with zones as materialized (
        select section.id as section_id, classpulse.known_zone(school.time_zone) as zone
        from (select distinct unnest(section_ids) as id) as named
        join public.sections as section on section.id = named.id
        join public.schools as school on school.id = section.school_id
    ), touched as (
        select
            named.student_id,
            named.section_id,
            coalesce(named.subject_id, -9223372036854775808) as first_subject,
            coalesce(named.subject_id, 9223372036854775807) as last_subject,
            zones.zone
        from unnest(student_ids, section_ids, subject_ids)
            as named (student_id, section_id, subject_id)
        join public.enrollments as enrollment
            on enrollment.student_id = named.student_id
            and enrollment.section_id = named.section_id
        join public.students as student on student.id = named.student_id and student.is_active
        join zones on zones.section_id = named.section_id
    ), days as (
        select touched.student_id, touched.section_id, touched.zone, of_day.*
        from touched
        cross join lateral (
            select
                row.subject_id,
                row.date,
                row.has_rule,
                count(*)::integer as n,
                sum(row.score) as score,
                sum(row.total_marks) as total,
                sum(row.basis) as basis
            from (
                select
                    grade.subject_id,
                    classpulse.dated(
                        grade.graded_on, exam.exam_date, grade.created_at, touched.zone
                    ) as date,
                    grade.score,
                    grade.total_marks,
                    false as has_rule,
                    0 as basis
                from public.grades as grade
                left join public.exams as exam on exam.id = grade.exam_id
                where grade.student_id = touched.student_id
                    -- as rows, so that the index of a standing's grades is taken
                    and (grade.student_id, grade.section_id, grade.subject_id)
                    >= (touched.student_id, touched.section_id, touched.first_subject)
                    and (grade.student_id, grade.section_id, grade.subject_id)
                    <= (touched.student_id, touched.section_id, touched.last_subject)
                    and grade.status = 'graded'
                    and not exists (
                        select from classpulse.subject_standings as ruled
                        where ruled.student_id = touched.student_id
                            and ruled.section_id = touched.section_id
                            and ruled.subject_id = grade.subject_id
                            and ruled.categories is not null
                    )
                union all
                select
                    grade.subject_id,
                    classpulse.dated(
                        grade.graded_on, grade.exam_date, grade.created_at, touched.zone
                    ),
                    grade.score,
                    grade.total_marks,
                    true,
                    hashtextextended(
                        row(
                            grade.id, grade.score, grade.total_marks,
                            coalesce(grade.exam_date, grade.graded_on), grade.weight,
                            grade.extra_credit, grade.never_drop,
                            category.id, category.weight, category.drop_lowest,
                            category.drop_highest
                        )::text, 0
                    )
                from classpulse.subject_standings as ruled
                join classpulse.counted_grades as grade
                    on grade.student_id = touched.student_id
                    and grade.section_id = touched.section_id
                    and grade.subject_id = ruled.subject_id
                left join public.grade_categories as category on category.id = grade.category_id
                where ruled.student_id = touched.student_id
                    and ruled.section_id = touched.section_id
                    and ruled.subject_id between touched.first_subject and touched.last_subject
                    and ruled.categories is not null
                    and grade.status = 'graded'
                    and grade.counts
            ) as row
            group by row.subject_id, row.date, row.has_rule
            union all
            select set_here.subject_id, '-infinity', false, 0, 0, 0, 0
            from public.grade_overrides as set_here
            where set_here.student_id = touched.student_id
                and set_here.section_id = touched.section_id
                and set_here.subject_id between touched.first_subject and touched.last_subject
        ) as of_day
    ), summed as (
        select
            days.student_id,
            days.section_id,
            days.subject_id,
            days.zone,
            days.date,
            bool_or(days.has_rule) as has_rule,
            days.date = max(days.date) over standing as is_last,
            (sum(sum(days.n)) over up_to)::integer as n,
            sum(sum(days.score)) over up_to as score,
            sum(sum(days.total)) over up_to as total,
            (sum(sum(days.basis)) over up_to % 4611686018427387904)::bigint as basis
        from days
        group by days.student_id, days.section_id, days.subject_id, days.zone, days.date
        window
            standing as (partition by days.student_id, days.section_id, days.subject_id),
            up_to as (standing order by days.date)
    ), valued as (
        select
            summed.*,
            case
                when not summed.has_rule
                    then classpulse.exact_percentage(summed.score, summed.total)
                when summed.is_last and not afresh then (
                    select standing.exact_average
                    from classpulse.subject_standings as standing
                    where standing.student_id = summed.student_id
                        and standing.section_id = summed.section_id
                        and standing.subject_id = summed.subject_id
                )
                when kept.basis = summed.basis and not afresh then kept.exact_average
                else (
                    select rule.exact_average
                    from classpulse.subject_by_rule(
                        summed.student_id, summed.section_id, summed.subject_id, summed.date,
                        summed.zone
                    ) as rule
                )
            end as average
        from summed
        left join classpulse.subject_trend as kept
            on kept.student_id = summed.student_id
            and kept.section_id = summed.section_id
            and kept.subject_id = summed.subject_id
            and kept.date = summed.date
        -- `offset 0`: each is calculated once, not wherever it is named
        offset 0
    )
    select
        valued.student_id, valued.section_id, valued.subject_id, valued.date, valued.average,
        decided.passed, valued.n, valued.basis
    from valued
    join public.performance_cache as whole
        on whole.section_id = valued.section_id and whole.subject_id is null
    left join classpulse.subject_policies as own
        on own.section_id = valued.section_id and own.subject_id = valued.subject_id
    left join public.grade_overrides as override
        on override.student_id = valued.student_id
        and override.section_id = valued.section_id
        and override.subject_id = valued.subject_id
    cross join lateral classpulse.result(
        classpulse.rounded(valued.average), override.average, override.letter,
        coalesce(own.pass_mark, whole.pass_mark), coalesce(own.letters, whole.letters),
        coalesce(own.minimums, whole.minimums)
    ) as decided
    where valued.n > 0 or decided.passed is not null;
end
$$;
