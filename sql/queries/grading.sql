-- name: section
select
    section.id as section_id,
    classpulse.shown_name(section.name) as section_name,
    section.school_id,
    subject.id as subject_id,
    classpulse.shown_name(subject.name) as subject_name
from public.sections as section
join public.subjects as subject
    on subject.id = cast(:subject_id as bigint) and subject.school_id = section.school_id
where section.id = cast(:section_id as bigint)
    and (cast(:everything as boolean) or section.id = any(cast(:sections as bigint[])));

-- name: policy
-- The policy that holds for a section and a subject, and where it comes from.
select
    found.source,
    found.policy_id,
    found.pass_mark,
    json_build_object('letters', found.letters, 'minimums', found.minimums) as scale,
    found.letter_points,
    found.carry_over,
    coalesce(
        (
            select md5(own::text) from public.grading_policies as own
            where own.id = found.policy_id
        ), ''
    ) as version
from classpulse.policy_in_force(
    cast(:section_id as bigint), cast(:subject_id as bigint)
) as found;

-- name: categories
-- Those that a section and a subject may use.
select
    category.id as category_id,
    classpulse.shown_name(category.name) as name,
    category.weight,
    category.drop_lowest,
    category.drop_highest,
    category.sort_order,
    category.section_id,
    category.subject_id,
    coalesce(
        cast(:everything as boolean)
        or category.school_id = cast(:school_id as bigint)
        or category.section_id = any(cast(:sections as bigint[])),
        false
    ) as is_yours,
    md5(category::text) as version
from public.grade_categories as category
where category.school_id = cast(:of_school as bigint)
    and (category.section_id is null or category.section_id = cast(:section_id as bigint))
    and (category.subject_id is null or category.subject_id = cast(:subject_id as bigint))
order by category.sort_order nulls last, category.name, category.id;

-- name: items
select
    exam.id as exam_id,
    classpulse.shown_name(exam.name) as exam_name,
    classpulse.calendar_date(exam.exam_date)
        as exam_date,
    exam.total_marks,
    exam.category_id,
    exam.weight,
    exam.counts,
    exam.extra_credit,
    exam.never_drop,
    classpulse.calendar_date(exam.due_on) as due_on,
    md5(exam::text) as version
from public.exams as exam
where exam.section_id = cast(:section_id as bigint)
    and exam.subject_id = cast(:subject_id as bigint)
order by exam.exam_date desc nulls last, exam.id desc
limit 500;

-- name: own_categories
-- Those of these that a viewer may change, held until the change is made.
select category.id, md5(category::text) as version, classpulse.shown_name(category.name) as name
from public.grade_categories as category
where category.id = any(cast(:ids as bigint[]))
    and (
        cast(:everything as boolean)
        or category.school_id = cast(:school_id as bigint)
        or category.section_id = any(cast(:sections as bigint[]))
    )
order by category.id
for no key update;

-- name: own_items
select exam.id, md5(exam::text) as version, classpulse.shown_name(exam.name) as name
from public.exams as exam
where exam.id = any(cast(:ids as bigint[]))
    and (cast(:everything as boolean) or exam.section_id = any(cast(:sections as bigint[])))
order by exam.id
for no key update;

-- name: own_policy
-- The row that a change of a policy is for, if there is one.
select own.id, md5(own::text) as version
from public.grading_policies as own
where own.school_id is not distinct from cast(:of_school as bigint)
    and own.section_id is not distinct from cast(:section_id as bigint)
    and own.subject_id is not distinct from cast(:subject_id as bigint)
for no key update;

-- name: school_of
-- The school of a section, or of a subject.
select classpulse.school_of_place(
    cast(:section_id as bigint), cast(:subject_id as bigint)
) as school_id;

-- name: change_category
update public.grade_categories as category set
    name = case when given ? 'name' then given ->> 'name' else category.name end,
    weight = case when given ? 'weight' then (given ->> 'weight')::numeric else category.weight end,
    drop_lowest = case when given ? 'drop_lowest' then (given ->> 'drop_lowest')::integer
        else category.drop_lowest end,
    drop_highest = case when given ? 'drop_highest' then (given ->> 'drop_highest')::integer
        else category.drop_highest end,
    sort_order = case when given ? 'sort_order' then (given ->> 'sort_order')::integer
        else category.sort_order end
from (select cast(:given as jsonb) as given) as asked
where category.id = cast(:id as bigint);

-- name: new_category
insert into public.grade_categories (
    school_id, section_id, subject_id, name, weight, drop_lowest, drop_highest, sort_order
)
select
    cast(:of_school as bigint), cast(:section_id as bigint), cast(:subject_id as bigint),
    given ->> 'name', (given ->> 'weight')::numeric, (given ->> 'drop_lowest')::integer,
    (given ->> 'drop_highest')::integer, (given ->> 'sort_order')::integer
from (select cast(:given as jsonb) as given) as asked;

-- name: change_item
update public.exams as exam set
    counts = case when given ? 'counts' then (given ->> 'counts')::boolean else exam.counts end,
    extra_credit = case when given ? 'extra_credit' then (given ->> 'extra_credit')::boolean
        else exam.extra_credit end,
    never_drop = case when given ? 'never_drop' then (given ->> 'never_drop')::boolean
        else exam.never_drop end,
    weight = case when given ? 'weight' then (given ->> 'weight')::numeric else exam.weight end,
    category_id = case when given ? 'category_id' then (given ->> 'category_id')::bigint
        else exam.category_id end
from (select cast(:given as jsonb) as given) as asked
where exam.id = cast(:id as bigint);

-- name: change_policy
-- A new one begins as the one that held there until now.
insert into public.grading_policies as own (
    school_id, section_id, subject_id, pass_mark, letter_scale, letter_points, carry_over
)
select
    cast(:of_school as bigint), cast(:section_id as bigint), cast(:subject_id as bigint),
    coalesce((given ->> 'pass_mark')::numeric, held.pass_mark),
    coalesce(given -> 'letter_scale', held.letter_scale),
    case when given ? 'letter_points' then nullif(given -> 'letter_points', 'null')
        else held.letter_points end,
    coalesce((given ->> 'carry_over')::boolean, held.carry_over)
from (select cast(:given as jsonb) as given) as asked
left join lateral (
    select policy.pass_mark, policy.letter_scale, policy.letter_points, policy.carry_over
    from public.grading_policies as policy
    where (policy.school_id is null or policy.school_id = cast(:of_school as bigint))
        and (policy.section_id is null or policy.section_id = cast(:section_id as bigint))
        and (policy.subject_id is null or policy.subject_id = cast(:subject_id as bigint))
    order by
        policy.section_id is null, policy.subject_id is null, policy.school_id is null
    limit 1
) as held on true
on conflict on constraint grading_policies_one_per_school do update set
    pass_mark = excluded.pass_mark,
    letter_scale = excluded.letter_scale,
    letter_points = excluded.letter_points,
    carry_over = excluded.carry_over;

-- name: places_of_rules
-- The sections and subjects that these categories and items concern, those too that their grades
-- are carried over to.
select distinct found.section_id, found.subject_id
from (
    select exam.section_id, exam.subject_id
    from public.exams as exam
    where exam.category_id = any(cast(:categories as bigint[]))
        or exam.id = any(cast(:items as bigint[]))
    union all
    select grade.section_id, grade.subject_id
    from public.grades as grade
    where grade.category_id = any(cast(:categories as bigint[]))
    union all
    select carried.section_id, carried.subject_id
    from classpulse.carried_grades as carried
    where carried.exam_id in (
        select exam.id from public.exams as exam
        where exam.category_id = any(cast(:categories as bigint[]))
            or exam.id = any(cast(:items as bigint[]))
    )
) as found;

-- name: begin_looking
savepoint looking;

-- name: end_looking
rollback to savepoint looking;

-- name: apply_policies
-- As the projector will: what is carried over goes by the policies that are in force.
select classpulse.apply_policies(cast(:sections as bigint[]));

-- name: places_of_policy
-- Those that a policy may concern: of no school, every one.
select figures.section_id, figures.subject_id
from public.performance_cache as figures
join public.sections as section on section.id = figures.section_id
where figures.subject_id is not null
    and (cast(:of_school as bigint) is null or section.school_id = cast(:of_school as bigint))
    and (cast(:section_id as bigint) is null or section.id = cast(:section_id as bigint))
    and (
        cast(:subject_id as bigint) is null or figures.subject_id = cast(:subject_id as bigint)
    );

-- name: outcome
-- Average, letter and pass of every standing there, by the rule and the policies that stand now: of
-- `ruled` places calculated again, of others by the averages that are shown.
with places as materialized (
    select
        place.section_id,
        place.subject_id,
        place.is_ruled,
        coalesce(own.pass_mark, whole.pass_mark) as pass_mark,
        coalesce(own.letters, whole.letters) as letters,
        coalesce(own.minimums, whole.minimums) as minimums
    from (
        select ruled.section_id, ruled.subject_id, true as is_ruled
        from unnest(cast(:rule_sections as bigint[]), cast(:rule_subjects as bigint[]))
            as ruled (section_id, subject_id)
        union all
        select other.section_id, other.subject_id, false
        from unnest(cast(:other_sections as bigint[]), cast(:other_subjects as bigint[]))
            as other (section_id, subject_id)
    ) as place
    join classpulse.section_policies as whole on whole.section_id = place.section_id
    left join classpulse.policies_of_subjects as own
        on own.section_id = place.section_id and own.subject_id = place.subject_id
), averaged as (
    select place.*, standing.student_id, standing.average
    from places as place
    join classpulse.subject_standings as standing
        on standing.section_id = place.section_id and standing.subject_id = place.subject_id
    where not place.is_ruled
    union all
    select place.*, graded.student_id, classpulse.rounded(rule.exact_average)
    from places as place
    join lateral (
        select distinct grade.student_id
        from classpulse.counted_grades as grade
        join public.student_performance_summaries as standing
            on standing.student_id = grade.student_id and standing.section_id = grade.section_id
        where grade.section_id = place.section_id and grade.subject_id = place.subject_id
    ) as graded on true
    cross join lateral classpulse.subject_by_rule(
        graded.student_id, place.section_id, place.subject_id
    ) as rule
    where place.is_ruled
)
select
    averaged.student_id,
    averaged.section_id,
    averaged.subject_id,
    averaged.average,
    result.letter,
    result.passed
from averaged
left join public.grade_overrides as override
    on override.student_id = averaged.student_id
    and override.section_id = averaged.section_id
    and override.subject_id = averaged.subject_id
cross join lateral classpulse.result(
    averaged.average, override.average, override.letter, averaged.pass_mark, averaged.letters,
    averaged.minimums
) as result;

-- name: names
select
    student.id,
    classpulse.shown_name(trim(student.first_name || ' ' || student.last_name)) as name
from public.students as student
where student.id = any(cast(:ids as bigint[]));

-- name: choices
-- Sections with their subjects, to choose from.
select
    section.id as section_id,
    classpulse.shown_name(section.name) as section_name,
    subject.id as subject_id,
    classpulse.shown_name(subject.name) as subject_name
from public.performance_cache as figures
join public.sections as section on section.id = figures.section_id
join public.subjects as subject on subject.id = figures.subject_id
where figures.section_id = any(cast(:sections as bigint[]))
order by section.name, section.id, subject.name, subject.id
limit 500;
