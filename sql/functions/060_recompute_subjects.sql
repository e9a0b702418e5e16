-- Calculates these subject averages from their grades, and moves the subjects' figures by what came
-- of it. The arrays go together: student and section of a standing, and the subject (null: every
-- one). None may be named twice. Returns the subjects that moved, by section, and how many standings
-- more (or fewer) have grades there.
-- Every step looks up by an index what it needs of a standing, and no two steps are joined with
-- each other: the same plan is right for one standing and for a hundred thousand.
drop function if exists classpulse.recompute_subjects(bigint[], bigint[]);
create or replace function classpulse.recompute_subjects(
    student_ids bigint[], section_ids bigint[], subject_ids bigint[]
)
returns table (section_id bigint, subject_id bigint, standings bigint)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    -- whether grades of other sections may count in any of these
    is_carrying boolean;
begin
    is_carrying := exists (
        select from public.performance_cache as figures
        where figures.carries and figures.section_id = any(section_ids)
    );
    return query
    with touched as (
        -- a range, because an index finds it, whether of one subject or of all
        select
            named.student_id,
            named.section_id,
            coalesce(named.subject_id, -9223372036854775808) as first_subject,
            coalesce(named.subject_id, 9223372036854775807) as last_subject
        from unnest(student_ids, section_ids, subject_ids)
            as named (student_id, section_id, subject_id)
    ), marks as (
        select touched.student_id, touched.section_id, subject.*
        from touched
        join public.enrollments as enrollment
            on enrollment.student_id = touched.student_id
            and enrollment.section_id = touched.section_id
        join public.students as student on student.id = touched.student_id and student.is_active
        cross join lateral (
            select
                grade.subject_id,
                count(*) filter (where grade.status = 'graded')::integer as graded_count,
                count(*) filter (where grade.status = 'missing')::integer as missing_count,
                coalesce(sum(grade.score) filter (where grade.status = 'graded'), 0) as score_sum,
                coalesce(sum(grade.total_marks) filter (where grade.status = 'graded'), 0)
                    as total_sum,
                coalesce(sum(grade.total_marks) filter (where grade.status = 'missing'), 0)
                    as missing_total,
                bool_or(grade.category_id is not null) as is_categorised
            from public.grades as grade
            where grade.student_id = touched.student_id
                -- as rows, because they fit the index of a standing's grades alone: that of a
                -- section's looks as cheap to a planner that knows of few, and has the whole class
                and (grade.student_id, grade.section_id, grade.subject_id)
                >= (touched.student_id, touched.section_id, touched.first_subject)
                and (grade.student_id, grade.section_id, grade.subject_id)
                <= (touched.student_id, touched.section_id, touched.last_subject)
            group by grade.subject_id
            union all
            -- what a person set where nothing is graded
            select set_only.subject_id, 0, 0, 0, 0, 0, false
            from public.grade_overrides as set_only
            where set_only.student_id = touched.student_id
                and set_only.section_id = touched.section_id
                and set_only.subject_id between touched.first_subject and touched.last_subject
                and not exists (
                    select from public.grades as grade
                    where grade.student_id = touched.student_id
                        and (grade.student_id, grade.section_id, grade.subject_id)
                        >= (touched.student_id, touched.section_id, set_only.subject_id)
                        and (grade.student_id, grade.section_id, grade.subject_id)
                        <= (touched.student_id, touched.section_id, set_only.subject_id)
                )
            union all
            -- or where all is of sections that the student has left
            select carried.subject_id, 0, 0, 0, 0, 0, false
            from classpulse.carried_grades as carried
            where is_carrying
                and carried.student_id = touched.student_id
                and carried.section_id = touched.section_id
                and carried.subject_id between touched.first_subject and touched.last_subject
                and not exists (
                    select from public.grades as grade
                    where grade.student_id = touched.student_id
                        and (grade.student_id, grade.section_id, grade.subject_id)
                        >= (touched.student_id, touched.section_id, carried.subject_id)
                        and (grade.student_id, grade.section_id, grade.subject_id)
                        <= (touched.student_id, touched.section_id, carried.subject_id)
                )
                and not exists (
                    select from public.grade_overrides as override
                    where override.student_id = touched.student_id
                        and override.section_id = touched.section_id
                        and override.subject_id = carried.subject_id
                )
            group by carried.subject_id
        ) as subject
    ), ruled as (
        -- what is not as in a school that sets no rule is calculated apart
        select
            marks.student_id,
            marks.section_id,
            marks.subject_id,
            by_rule.*
        from marks
        cross join lateral (
            select
                marks.is_categorised or exists (
                    select from public.exams as exam
                    where exam.section_id = marks.section_id
                        and exam.subject_id = marks.subject_id
                        and (
                            exam.category_id is not null or exam.weight is not null
                            or not exam.counts or exam.extra_credit or exam.never_drop
                        )
                ) or (
                    is_carrying and exists (
                        select from classpulse.carried_grades as carried
                        where carried.student_id = marks.student_id
                            and carried.section_id = marks.section_id
                            and carried.subject_id = marks.subject_id
                    )
                ) as has_rule
            offset 0
        ) as asked
        cross join lateral (
            select
                marks.graded_count, marks.missing_count, marks.score_sum, marks.total_sum,
                marks.missing_total,
                classpulse.exact_percentage(marks.score_sum, marks.total_sum) as average,
                classpulse.exact_percentage(
                    marks.score_sum, marks.total_sum + marks.missing_total
                ) as if_missing_zero,
                0 as uncounted_count,
                null::jsonb as categories,
                null::jsonb as carried
            where not asked.has_rule
            union all
            select
                rule.graded_count, rule.missing_count, rule.score_sum, rule.total_sum,
                rule.missing_total, rule.exact_average, rule.exact_average_if_missing_zero,
                rule.uncounted_count,
                rule.categories,
                rule.carried
            from classpulse.subject_by_rule(
                marks.student_id, marks.section_id, marks.subject_id
            ) as rule
            where asked.has_rule
        ) as by_rule
    ), fresh as materialized (
        -- the columns of classpulse.subject_standings, in their order
        select
            ruled.student_id,
            ruled.section_id,
            ruled.subject_id,
            ruled.graded_count,
            ruled.missing_count,
            ruled.score_sum,
            ruled.total_sum,
            ruled.missing_total,
            ruled.average as exact_average,
            ruled.if_missing_zero as exact_average_if_missing_zero,
            shown.average,
            decided.letter,
            decided.passed,
            ruled.uncounted_count,
            override.average as override_average,
            override.letter as override_letter,
            classpulse.points_of(policy.letter_points, decided.letter) as letter_points,
            ruled.categories,
            ruled.carried
        from ruled
        -- `offset 0`: each is calculated once, not wherever it is named
        cross join lateral (
            select classpulse.rounded(ruled.average) as average offset 0
        ) as shown
        join public.performance_cache as whole
            on whole.section_id = ruled.section_id and whole.subject_id is null
        left join classpulse.subject_policies as own
            on own.section_id = ruled.section_id and own.subject_id = ruled.subject_id
        left join public.grade_overrides as override
            on override.student_id = ruled.student_id
            and override.section_id = ruled.section_id
            and override.subject_id = ruled.subject_id
        cross join lateral (
            select
                coalesce(own.pass_mark, whole.pass_mark) as pass_mark,
                coalesce(own.letters, whole.letters) as letters,
                coalesce(own.minimums, whole.minimums) as minimums,
                case when own.section_id is null then whole.letter_points
                    else own.letter_points end as letter_points
            offset 0
        ) as policy
        cross join lateral (
            select result.letter, result.passed
            from classpulse.result(
                shown.average, override.average, override.letter, policy.pass_mark, policy.letters,
                policy.minimums
            ) as result
            offset 0
        ) as decided
    ), before as materialized (
        select standing.*
        from touched
        join classpulse.subject_standings as standing
            on standing.student_id = touched.student_id
            and standing.section_id = touched.section_id
            and standing.subject_id between touched.first_subject and touched.last_subject
    ), step as materialized (
        -- what differs: a row that came (1), one that went (-1)
        select
            student_id, section_id, subject_id, graded_count, missing_count, score_sum, total_sum,
            missing_total, exact_average, exact_average_if_missing_zero, average, letter, passed,
            uncounted_count, override_average, override_letter, letter_points, categories, carried,
            sum(side.sign)::integer as sign
        from (
            select fresh.*, 1 as sign from fresh
            union all
            select before.*, -1 from before
        ) as side
        group by
            student_id, section_id, subject_id, graded_count, missing_count, score_sum, total_sum,
            missing_total, exact_average, exact_average_if_missing_zero, average, letter, passed,
            uncounted_count, override_average, override_letter, letter_points, categories, carried
        having sum(side.sign) <> 0
    ), gone as (
        delete from classpulse.subject_standings as standing
        using (
            select step.student_id, step.section_id, step.subject_id
            from step
            group by step.student_id, step.section_id, step.subject_id
            having max(step.sign) < 0
        ) as old_row
        where standing.student_id = old_row.student_id
            and standing.section_id = old_row.section_id
            and standing.subject_id = old_row.subject_id
    ), written as (
        insert into classpulse.subject_standings as standing
        select
            student_id, section_id, subject_id, graded_count, missing_count, score_sum, total_sum,
            missing_total, exact_average, exact_average_if_missing_zero, average, letter, passed,
            uncounted_count, override_average, override_letter, letter_points, categories, carried
        from step where step.sign > 0
        on conflict (student_id, section_id, subject_id) do update set
            graded_count = excluded.graded_count,
            missing_count = excluded.missing_count,
            score_sum = excluded.score_sum,
            total_sum = excluded.total_sum,
            missing_total = excluded.missing_total,
            exact_average = excluded.exact_average,
            exact_average_if_missing_zero = excluded.exact_average_if_missing_zero,
            average = excluded.average,
            letter = excluded.letter,
            passed = excluded.passed,
            uncounted_count = excluded.uncounted_count,
            override_average = excluded.override_average,
            override_letter = excluded.override_letter,
            letter_points = excluded.letter_points,
            categories = excluded.categories,
            carried = excluded.carried
    ), letters as (
        select counted.section_id, counted.subject_id, jsonb_object_agg(counted.letter, counted.n) as n
        from (
            select step.section_id, step.subject_id, step.letter, sum(step.sign) as n
            from step where step.letter is not null
            group by step.section_id, step.subject_id, step.letter
            having sum(step.sign) <> 0
        ) as counted
        group by counted.section_id, counted.subject_id
    ), moved as (
        select
            step.section_id,
            step.subject_id,
            sum(step.sign) as standings,
            coalesce(sum(step.sign * step.exact_average), 0) as average_sum,
            coalesce(sum(step.sign) filter (where step.exact_average is not null), 0) as averages,
            coalesce(sum(step.sign) filter (where step.passed), 0) as passed,
            coalesce(sum(step.sign) filter (where not step.passed), 0) as failed,
            sum(step.sign * step.uncounted_count) as uncounted
        from step
        group by step.section_id, step.subject_id
    ), summed as (
        insert into public.performance_cache as figures (
            section_id, subject_id, average_sum, averages, passed_students,
            failed_students, grade_distribution, uncounted_count
        )
        select
            moved.section_id, moved.subject_id, moved.average_sum, moved.averages, moved.passed,
            moved.failed, coalesce(letters.n, '{}'), moved.uncounted
        from moved
        left join letters
            on letters.section_id = moved.section_id and letters.subject_id = moved.subject_id
        on conflict on constraint performance_cache_one_per_section_and_subject do update set
            average_sum = figures.average_sum + excluded.average_sum,
            averages = figures.averages + excluded.averages,
            passed_students = figures.passed_students + excluded.passed_students,
            failed_students = figures.failed_students + excluded.failed_students,
            uncounted_count = figures.uncounted_count + excluded.uncounted_count,
            grade_distribution
                = classpulse.counts_added(
                    figures.grade_distribution, excluded.grade_distribution, true
                )
    )
    select moved.section_id, moved.subject_id, moved.standings from moved;
end
$$;
