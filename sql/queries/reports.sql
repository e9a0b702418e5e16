-- name: expect_many
-- Until a large import has been analyzed, the planner takes its rows for few and would compare each
-- with each: 20,000 standings took more than 15 s instead of a quarter of one.
set local enable_nestloop = off;

-- name: expect_any
set local enable_nestloop = on;

-- name: teaching
-- Those of these sections in which one of the subjects is taught.
select coalesce(array_agg(distinct figures.section_id), '{}') as section_ids
from public.performance_cache as figures
where figures.section_id = any(cast(:sections as bigint[]))
    and figures.subject_id = any(cast(:subjects as bigint[]));

-- name: stamp
-- Where the figures stand, by the clock of these schools: theirs if they share one, else UTC; and
-- which of these sections are set aside, so that their figures are older.
select
    state.epoch || '-' || state.position as as_of,
    state.as_of_time,
    school.names as school_names,
    school.time_zone,
    timezone(school.time_zone, state.as_of_time) as local_as_of,
    timezone(school.time_zone, clock_timestamp()) as local_made,
    waiting.section_ids as set_aside,
    waiting.names as set_aside_names
from classpulse.state
cross join (
    select
        coalesce(array_agg(aside.section_id), '{}') as section_ids,
        coalesce(
            array_agg(classpulse.shown_name(section.name) order by section.name, section.id), '{}'
        ) as names
    from classpulse.set_aside as aside
    join public.sections as section on section.id = aside.section_id
    where aside.section_id = any(cast(:sections as bigint[]))
) as waiting
cross join (
    select
        coalesce(array_agg(classpulse.shown_name(school.name) order by school.name, school.id), '{}') as names,
        case
            when count(distinct school.time_zone) = 1
                then classpulse.known_zone(min(school.time_zone))
            else 'UTC'
        end as time_zone
    from public.schools as school
    where school.id = any(cast(:schools as bigint[]))
) as school;

-- name: names
-- What was asked for by id, by name.
select
    array(
        select classpulse.shown_name(section.name) from public.sections as section
        where section.id = any(cast(:sections as bigint[]))
        order by section.name, section.id
    ) as section_names,
    array(
        select classpulse.shown_name(subject.name) from public.subjects as subject
        where subject.id = any(cast(:subjects as bigint[]))
        order by subject.name, subject.id
    ) as subject_names,
    (
        select classpulse.shown_name(term.name) from public.terms as term
        where term.id = cast(:term as bigint)
    ) as term_name;

-- name: attendance
-- Every row of a student's attendance in these sections and of whole days, the newest first.
select
    classpulse.calendar_date(attendance.date) as date,
    attendance.period,
    classpulse.shown_name(section.name) as section_name,
    attendance.status,
    classpulse.shown_remark(attendance.remarks) as remarks
from public.attendance as attendance
left join public.sections as section on section.id = attendance.section_id
where attendance.student_id = cast(:student_id as bigint)
    and (
        attendance.section_id is null
        or exists (
            select from public.student_performance_summaries as standing
            where standing.student_id = attendance.student_id
                and standing.section_id = attendance.section_id
                and standing.section_id = any(cast(:sections as bigint[]))
        )
    )
order by attendance.date desc, attendance.period desc, attendance.id desc;
