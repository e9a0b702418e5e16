-- name: stand
-- Where the log stands, and which of these sections an event since then names: null where the log
-- can't say. `log` is another one after a restore, and in another database.
select
    found.log,
    state.position,
    state.epoch || '-' || state.position as as_of,
    state.as_of_time,
    array(
        select aside.section_id
        from classpulse.set_aside as aside
        where aside.section_id = any(cast(:sections as bigint[]))
        order by aside.section_id
    ) as set_aside,
    case when found.reaches then
        array(
            select distinct moved.id
            from classpulse.events as event
            cross join lateral unnest(event.section_ids || event.former_section_ids) as moved (id)
            where event.position > cast(:since as bigint)
                and moved.id = any(cast(:sections as bigint[]))
        )
    end as moved,
    case when found.reaches then
        exists (
            select
            from classpulse.events as event
            cross join lateral unnest(event.section_ids || event.former_section_ids) as moved (id)
            where event.position > cast(:since as bigint)
                and event.type not in (
                    'grade_update', 'attendance_update',
                    'exam_created', 'exam_updated', 'exam_deleted'
                )
                and moved.id = any(cast(:sections as bigint[]))
        )
    end as roster_moved
from classpulse.state
cross join lateral (
    select
        own.log,
        own.log = cast(:log as text)
        and state.kept_from <= cast(:since as bigint) + 1
        -- to look through more takes as long as to read the figures
        and state.position between cast(:since as bigint) and cast(:since as bigint) + 20000
            as reaches
    from (
        select concat_ws(
            '/', extract(epoch from pg_postmaster_start_time()), database.oid, state.epoch
        ) as log
        from pg_database as database
        where database.datname = current_database()
    ) as own
) as found;

-- name: blocks
-- Sums of what these sections have, block by block (sections of neighbouring ids), of each subject
-- and (null) of the sections themselves. Sums, so that blocks can be added up and nothing is rounded
-- twice. `distributions` are those of all its rows, which Postgres takes longer to add up. Of
-- sections that no batch has seen yet there are only the letters of their policy.
with whole as materialized (
    select
        figures.section_id,
        figures.letters,
        figures.present_sessions,
        figures.late_sessions,
        figures.absent_sessions,
        figures.excused_sessions,
        figures.registers_expected,
        figures.registers_taken,
        -- a section that records absences alone has counts, and no percentage
        figures.attendance_average is not null as is_known
    from public.performance_cache as figures
    where figures.section_id = any(cast(:sections as bigint[])) and figures.subject_id is null
)
select
    figures.section_id / 64 as block,
    figures.subject_id,
    coalesce(own.letters, whole.letters) as letters,
    count(*) as total_sections,
    -- which they are
    bit_xor(hashint8extended(figures.section_id, 0)) as sections,
    sum(figures.total_students)::bigint as standings,
    sum(figures.passed_students)::bigint as passed_students,
    sum(figures.failed_students)::bigint as failed_students,
    sum(figures.no_data)::bigint as no_data,
    sum(figures.averages)::bigint as averages,
    sum(figures.average_sum) as average_sum,
    max(figures.highest_score) as highest_score,
    min(figures.lowest_score) as lowest_score,
    extract(epoch from max(figures.updated_at)) as changed,
    sum(whole.present_sessions)::bigint as present,
    sum(whole.late_sessions)::bigint as late,
    sum(whole.absent_sessions)::bigint as absent,
    sum(whole.excused_sessions)::bigint as excused,
    coalesce(
        sum(whole.present_sessions + whole.late_sessions) filter (where whole.is_known), 0
    )::bigint as attended,
    coalesce(sum(whole.absent_sessions) filter (where whole.is_known), 0)::bigint as missed,
    coalesce(sum(whole.excused_sessions) filter (where whole.is_known), 0)::bigint
        as missed_excused,
    sum(figures.due_items)::bigint as due_items,
    sum(figures.marked_items)::bigint as marked_items,
    count(whole.registers_expected) as calendars,
    coalesce(sum(whole.registers_expected), 0)::bigint as registers_expected,
    sum(whole.registers_taken)::bigint as registers_taken,
    sum(figures.uncounted_count)::bigint as uncounted_count,
    '[' || string_agg(figures.grade_distribution::text, ',') || ']' as distributions
from public.performance_cache as figures
join whole on whole.section_id = figures.section_id
left join classpulse.subject_policies as own
    on own.section_id = figures.section_id and own.subject_id = figures.subject_id
where figures.section_id = any(cast(:sections as bigint[]))
group by block, figures.subject_id, coalesce(own.letters, whole.letters)
union all
select
    policy.section_id / 64, null, policy.letters, 0, 0, 0, 0, 0, 0, 0, 0, null, null, null,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '[]'
from classpulse.section_policies as policy
where policy.section_id = any(array(
        select asked.id from unnest(cast(:sections as bigint[])) as asked (id)
        except
        select whole.section_id from whole
    ));

-- name: roster
-- How many students these sections have, each counted once; and by subject, how often somebody is
-- in one more section that has it.
with repeated as (
    -- students of a class are in the same sections: there are far fewer sets of them than students
    select together.section_ids, count(*) as n
    from (
        select array_agg(summary.section_id order by summary.section_id) as section_ids
        from (
            select summary.student_id
            from public.student_performance_summaries as summary
            where summary.section_id = any(cast(:sections as bigint[]))
            group by summary.student_id
            having count(*) > 1
        ) as student
        join public.student_performance_summaries as summary
            on summary.student_id = student.student_id
            and summary.section_id = any(cast(:sections as bigint[]))
        group by student.student_id
    ) as together
    group by together.section_ids
), repetitions as (
    select taught.subject_id, sum(repeated.n * (taught.n - 1)) as n
    from repeated
    cross join lateral (
        select figures.subject_id, count(*) as n
        from public.performance_cache as figures
        where figures.section_id = any(repeated.section_ids) and figures.subject_id is not null
        group by figures.subject_id
        having count(*) > 1
    ) as taught
    group by taught.subject_id
)
select
    (
        select count(*)
        from (
            select from public.student_performance_summaries as summary
            where summary.section_id = any(cast(:sections as bigint[]))
            group by summary.student_id
        ) as student
    ) as total_students,
    array(select repetitions.subject_id from repetitions order by repetitions.subject_id)
        as subject_ids,
    array(
        select repetitions.n::bigint from repetitions order by repetitions.subject_id
    ) as repetitions;

-- name: rates
-- What is read off the sums of sections, and the students who are chronically absent there.
select
    classpulse.rounded(classpulse.exact_mean(
        cast(:average_sum as numeric), cast(:averages as bigint)
    )) as overall_average,
    classpulse.rounded(classpulse.exact_percentage(
        cast(:passed as bigint), cast(:known as bigint)
    )) as overall_pass_rate,
    classpulse.rounded(classpulse.exact_percentage(
        cast(:attended as bigint),
        cast(:attended as bigint) + cast(:missed as bigint) + cast(:missed_excused as bigint)
    )) as percentage,
    classpulse.rounded(classpulse.exact_percentage(
        cast(:attended as bigint), cast(:attended as bigint) + cast(:missed as bigint)
    )) as percentage_unexcused,
    (
        select count(distinct summary.student_id)
        from public.student_performance_summaries as summary
        where summary.section_id = any(cast(:sections as bigint[])) and summary.chronically_absent
    ) as chronically_absent;
