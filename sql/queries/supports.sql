-- name: page
-- Supports that pass the filters, of students that a viewer may see: the open ones by the day of
-- their review, then the closed ones, the newest first. Always at least one row: `total` counts all
-- that pass. A week is that of the school's own day.
with seen as materialized (
    select student.id
    from public.students as student
    where (cast(:students as bigint[]) is null or student.id = any(cast(:students as bigint[])))
        and (
            cast(:everything as boolean)
            or student.school_id = cast(:school_id as bigint)
        )
    union
    select enrollment.student_id
    from public.enrollments as enrollment
    join public.students as student on student.id = enrollment.student_id and student.is_active
    where enrollment.section_id = any(cast(:sections as bigint[]))
        and (
            cast(:students as bigint[]) is null
            or enrollment.student_id = any(cast(:students as bigint[]))
        )
), found as materialized (
    select
        support.id,
        support.student_id,
        support.section_id,
        support.closed_at is not null as is_closed,
        coalesce(
            case
                when support.closed_at is null then support.review_on - date '1900-01-01'
                else -extract(epoch from support.closed_at)
            end,
            1e9
        ) as key,
        coalesce(
            support.closed_at is null and support.review_on <= week.ends_on, false
        ) as review_due
    from seen
    join public.supports as support on support.student_id = seen.id
    join public.students as student on student.id = seen.id
    left join (
        -- each school's once: to look a zone up costs
        select
            school.id as school_id,
            date_trunc(
                'week', timezone(classpulse.known_zone(school.time_zone), now())
            )::date + 6 as ends_on
        from public.schools as school
        offset 0
    ) as week on week.school_id = student.school_id
    where (cast(:id as bigint) is null or support.id = cast(:id as bigint))
        and (
            cast(:of_sections as bigint[]) is null
            or support.section_id = any(cast(:of_sections as bigint[]))
        )
        and (
            cast(:is_closed as boolean) is null
            or (support.closed_at is not null) = cast(:is_closed as boolean)
        )
        and (
            not cast(:due as boolean)
            or (support.closed_at is null and support.review_on <= week.ends_on)
        )
), page as materialized (
    select found.*
    from found
    where cast(:after_id as bigint) is null
        or (found.is_closed, found.key, found.id)
        > (
            cast(:after_closed as boolean), cast(:after_key as numeric), cast(:after_id as bigint)
        )
    order by found.is_closed, found.key, found.id
    limit cast(:limit as bigint)
)
select
    counted.total,
    page.key,
    page.is_closed,
    support.id,
    support.student_id,
    classpulse.shown_name(trim(student.first_name || ' ' || student.last_name)) as student_name,
    support.section_id,
    classpulse.shown_name(section.name) as section_name,
    support.alert_id,
    support.kind,
    support.note,
    support.opened_by,
    classpulse.shown_name(educator.full_name) as opened_by_name,
    support.opened_at,
    support.review_on,
    page.review_due,
    support.closed_at,
    support.outcome,
    support.updated_at,
    md5(support::text) as version,
    cast(support.at_opening as text) as at_opening,
    standing.rows as standings
from (select count(*) as total from found) as counted
left join page on true
left join public.supports as support on support.id = page.id
left join public.students as student on student.id = page.student_id
left join public.sections as section on section.id = page.section_id
left join public.educators as educator on educator.id = support.opened_by
left join lateral (
    select cast(json_agg(json_build_object(
        'section_id', summary.section_id,
        'section_name', classpulse.shown_name(taught.name),
        'is_current', current.section_id is not null,
        'average', summary.average,
        'letter', summary.letter,
        'attendance_percentage', summary.attendance_percentage,
        'missing_count', summary.missing_count
    ) order by taught.name, taught.id) as text) as rows
    from public.student_performance_summaries as summary
    join public.sections as taught on taught.id = summary.section_id
    left join classpulse.current_sections as current on current.section_id = summary.section_id
    where summary.student_id = page.student_id
        and (page.section_id is null or summary.section_id = page.section_id)
        and (
            cast(:everything as boolean) or summary.section_id = any(cast(:sections as bigint[]))
        )
) as standing on true
order by page.is_closed, page.key, page.id;

-- name: kinds
-- What a support may be: what the school of a student, or a viewer's own, names; null for the usual
-- ones.
select school.support_kinds as kinds
from public.schools as school
where school.id = coalesce(
    (select student.school_id from public.students as student
        where student.id = cast(:student_id as bigint)),
    cast(:own_school as bigint)
);

-- name: is_enrolled
select exists (
    select from public.enrollments as enrollment
    where enrollment.student_id = cast(:student_id as bigint)
        and enrollment.section_id = cast(:section_id as bigint)
) as is_enrolled;

-- name: open
-- With the figures of this moment: those of the section's standing, else of the student's standings
-- of the current terms.
insert into public.supports (
    student_id, section_id, alert_id, kind, note, opened_by, review_on, at_opening
)
select
    cast(:student_id as bigint), cast(:section_id as bigint), cast(:alert_id as bigint),
    cast(:kind as text), cast(:note as text), cast(:opened_by as bigint),
    cast(:review_on as date),
    jsonb_build_object(
        'as_of', state.epoch || '-' || state.position,
        'as_of_time',
        to_char(state.as_of_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'standings', coalesce(
            (
                select jsonb_agg(jsonb_build_object(
                    'section_id', summary.section_id,
                    'average', summary.average,
                    'letter', summary.letter,
                    'attendance_percentage', summary.attendance_percentage,
                    'missing_count', summary.missing_count
                ) order by summary.section_id)
                from public.student_performance_summaries as summary
                where summary.student_id = cast(:student_id as bigint)
                    and case
                        when cast(:section_id as bigint) is null then summary.section_id in (
                            select current.section_id from classpulse.current_sections as current
                        )
                        else summary.section_id = cast(:section_id as bigint)
                    end
            ),
            '[]'
        )
    )
from classpulse.state
returning id;

-- name: hold
-- One of a student that the viewer may see, held until the change is made.
select
    support.student_id,
    support.kind,
    support.closed_at is not null as is_closed,
    md5(support::text) as version
from public.supports as support
join public.students as student on student.id = support.student_id
where support.id = cast(:id as bigint)
    and (
        cast(:everything as boolean)
        or student.school_id = cast(:school_id as bigint)
        or (
            student.is_active
            and exists (
                select from public.enrollments as enrollment
                where enrollment.student_id = student.id
                    and enrollment.section_id = any(cast(:sections as bigint[]))
            )
        )
    )
for no key update of support;

-- name: change
update public.supports as support set
    kind = case when given ? 'kind' then given ->> 'kind' else support.kind end,
    note = case when given ? 'note' then given ->> 'note' else support.note end,
    review_on = case when given ? 'review_on' then (given ->> 'review_on')::date
        else support.review_on end,
    closed_at = case (given ->> 'closed')::boolean
        when true then coalesce(support.closed_at, now())
        when false then null
        else support.closed_at
    end,
    outcome = case
        when not (given ->> 'closed')::boolean then null
        when given ? 'outcome' then given ->> 'outcome'
        else support.outcome
    end
from (select cast(:given as jsonb) as given) as asked
where support.id = cast(:id as bigint);
