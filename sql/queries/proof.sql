-- name: proof
-- What the average of a standing in a subject is made of, calculated in this snapshot from the rows
-- that it shows: rows, categories and result agree, whatever is still to be folded in. No row of a
-- student who has no such standing.
select
    standing.id as student_id,
    standing.name as student_name,
    standing.section_id,
    standing.section_name,
    subject.id as subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    json_build_object(
        'version', coalesce(
            policy.policy_id || '@' || to_char(
                policy.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
            ),
            coalesce(policy.policy_id::text, 'built in')
        ),
        'source', policy.source,
        'pass_mark', policy.pass_mark,
        'letters', (
            select json_agg(
                json_build_object('letter', step.letter, 'min', step.minimum)
                order by step.minimum desc
            )
            from unnest(policy.letters, policy.minimums) as step (letter, minimum)
        )
    ) as policy,
    case when override.id is not null then
        json_build_object(
            'average', override.average,
            'letter', override.letter,
            'reason', classpulse.shown_remark(override.reason),
            'set_by', classpulse.shown_name(override.set_by)
        )
    end as override,
    coalesce(of_categories.described, '[]') as categories,
    coalesce(of_rows.described, '[]') as rows,
    json_build_object(
        'categories', coalesce(of_categories.figures, '[]'),
        'average_fraction', rule.numerator || '/' || rule.denominator,
        'average', shown.average,
        'average_if_missing_zero_fraction',
        rule.numerator_if_missing_zero || '/' || rule.denominator_if_missing_zero,
        'average_if_missing_zero', classpulse.rounded(rule.exact_average_if_missing_zero),
        'letter', result.letter,
        'passed', result.passed,
        'overridden', override.id is not null,
        'uncounted_count', rule.uncounted_count
    ) as result
from classpulse.standing_figures as standing
join public.subjects as subject
    on subject.id = cast(:subject_id as bigint) and subject.school_id = standing.school_id
cross join lateral classpulse.policy_in_force(standing.section_id, subject.id) as policy
left join public.grade_overrides as override
    on override.student_id = standing.id
    and override.section_id = standing.section_id
    and override.subject_id = subject.id
cross join lateral classpulse.subject_by_rule(
    standing.id, standing.section_id, subject.id
) as rule
cross join lateral (
    select classpulse.rounded(rule.exact_average) as average offset 0
) as shown
cross join lateral classpulse.result(
    shown.average, override.average, override.letter, policy.pass_mark, policy.letters,
    policy.minimums
) as result
cross join lateral (
    select
        json_agg(
            json_build_object(
                'category_id', used.category_id,
                'name', classpulse.shown_name(category.name),
                'weight', used.weight,
                'drop_lowest', coalesce(category.drop_lowest, 0),
                'drop_highest', coalesce(category.drop_highest, 0)
            ) order by category.sort_order nulls last, category.name, used.category_id
        ) as described,
        json_agg(
            json_build_object(
                'category_id', used.category_id,
                'fraction', used.fraction,
                'percentage', used.percentage,
                'graded', used.graded,
                'missing', used.missing,
                'dropped', used.dropped
            ) order by category.sort_order nulls last, category.name, used.category_id
        ) as figures
    from jsonb_to_recordset(rule.categories) as used (
        category_id bigint, weight numeric, fraction text, percentage numeric, graded integer,
        missing integer, dropped json
    )
    left join public.grade_categories as category on category.id = used.category_id
) as of_categories
cross join lateral (
    select
        json_agg(
            json_build_object(
                'grade_id', item.id,
                'exam_id', item.exam_id,
                'exam_name', item.exam_name,
                'category_id', item.category_id,
                'status', item.status,
                'score', item.score,
                'total_marks', item.total_marks,
                'weight', item.weight,
                'item_counts', item.counts,
                'extra_credit', item.extra_credit,
                'never_drop', item.never_drop,
                'exam_date', item.exam_date,
                'graded_on', item.graded_on,
                'carried_from', item.carried_from,
                'counts', item.why_not is null,
                'why_not', item.why_not
            ) order by coalesce(item.exam_date, item.graded_on) nulls last, item.id
        ) as described
    from (
        select
            row.*,
            classpulse.why_not(row.id, row.status, row.counts, row.category_id, rule.categories)
                as why_not
        from (
            select
                grade.id,
                grade.exam_id,
                classpulse.shown_name(exam.name) as exam_name,
                grade.category_id,
                grade.status,
                grade.score,
                grade.total_marks,
                grade.weight,
                grade.counts,
                grade.extra_credit,
                grade.never_drop,
                grade.exam_date,
                grade.graded_on,
                case when grade.earned_in <> grade.section_id then
                    (
                        select json_build_object(
                            'section_id', former.id,
                            'section_name', classpulse.shown_name(former.name)
                        )
                        from public.sections as former where former.id = grade.earned_in
                    )
                end as carried_from
            from classpulse.counted_grades as grade
            left join public.exams as exam on exam.id = grade.exam_id
            where grade.student_id = standing.id
                and grade.section_id = standing.section_id
                and grade.subject_id = subject.id
        ) as row
    ) as item
) as of_rows
where standing.id = cast(:student_id as bigint)
    and standing.section_id = cast(:section_id as bigint)
    and standing.section_id = any(cast(:sections as bigint[]));
