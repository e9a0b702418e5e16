-- name: window
-- Today at the schools of these sections, and from when to when their terms last (null: none has).
select
    coalesce(
        max(timezone(classpulse.known_zone(school.time_zone), now())::date),
        timezone('UTC', now())::date
    ) as today,
    -- a bound ignores a null, which would be no term
    case when count(term.id) > 0 then greatest(min(term.starts_on), '0001-01-08') end as starts_on,
    case when count(term.id) > 0 then least(max(term.ends_on), '9999-12-20') end as ends_on
from public.sections as section
join public.schools as school on school.id = section.school_id
left join public.terms as term on term.id = section.term_id
where section.id = any(cast(:sections as bigint[]));

-- name: of_sections
-- Average and pass rate of these sections together, or of a subject in them, at the end of each
-- period from the first row on; `ends` ascends. How many standings each is of.
with gained as (
    select
        width_bucket(trend.date - 1, cast(:ends as date[])) + 1 as place,
        sum(trend.average_sum) as average_sum,
        sum(trend.averages) as averages,
        sum(trend.passed) as passed,
        sum(trend.failed) as failed,
        min(trend.date) filter (where isfinite(trend.date)) as first_date
    from classpulse.section_trend as trend
    where trend.section_id = any(cast(:sections as bigint[]))
        and trend.subject_id is not distinct from cast(:subject_id as bigint)
        and (trend.average_sum, trend.averages, trend.passed, trend.failed) <> (0, 0, 0, 0)
    group by 1
), summed as (
    select
        period.place,
        coalesce(sum(gained.average_sum) over up_to, 0) as average_sum,
        coalesce(sum(gained.averages) over up_to, 0)::bigint as averages,
        coalesce(sum(gained.passed) over up_to, 0)::bigint as passed,
        coalesce(sum(gained.failed) over up_to, 0)::bigint as failed,
        min(gained.first_date) over up_to as first_date
    from unnest(cast(:ends as date[])) with ordinality as period (end_date, place)
    left join gained on gained.place = period.place
    window up_to as (order by period.place)
)
select
    summed.place,
    classpulse.rounded(classpulse.exact_mean(summed.average_sum, summed.averages)) as average,
    summed.averages as average_n,
    classpulse.rounded(
        classpulse.exact_percentage(summed.passed, summed.passed + summed.failed)
    ) as pass_rate,
    summed.passed + summed.failed as pass_rate_n
from summed
where summed.first_date is not null
order by summed.place;

-- name: attendance_of_sections
-- Attendance of these sections together (with a subject: of those that have it) at the end of each
-- period. One that has no present or late row up to then tells none.
with named as (
    select section.id
    from unnest(cast(:sections as bigint[])) as section (id)
    where cast(:subject_id as bigint) is null
        or exists (
            select from public.performance_cache as figures
            where figures.section_id = section.id
                and figures.subject_id = cast(:subject_id as bigint)
        )
), gained as (
    select
        trend.section_id,
        width_bucket(trend.date - 1, cast(:ends as date[])) + 1 as place,
        sum(trend.present + trend.late) as attended,
        sum(trend.present + trend.late + trend.absent + trend.excused) as recorded
    from named
    join classpulse.section_trend as trend
        on trend.section_id = named.id and trend.subject_id is null
    where (trend.present, trend.late, trend.absent, trend.excused) <> (0, 0, 0, 0)
    group by 1, 2
), known as (
    -- from the period with the first attended session on, all that came before counts as well
    select gained.section_id, min(gained.place) filter (where gained.attended > 0) as place
    from gained
    group by gained.section_id
), counted as (
    select
        greatest(gained.place, known.place) as place,
        sum(gained.attended) as attended,
        sum(gained.recorded) as recorded
    from gained
    join known using (section_id)
    where known.place is not null
    group by 1
)
-- include: attendance_up_to
;

-- name: of_student
-- The mean over a student's standings in these sections, how many of those with a result pass, and
-- the grades counted, at the end of each period from the first grade on.
select
    period.place,
    classpulse.rounded(classpulse.exact_mean(
        sum(trend.exact_average), count(trend.exact_average)
    )) as average,
    sum(trend.n) as average_n,
    classpulse.rounded(classpulse.exact_percentage(
        count(*) filter (where trend.passed), count(trend.passed)
    )) as pass_rate,
    sum(trend.n) as pass_rate_n
from unnest(cast(:ends as date[])) with ordinality as period (end_date, place)
cross join unnest(cast(:sections as bigint[])) as named (section_id)
cross join lateral (
    select latest.*
    from classpulse.standing_trend as latest
    where latest.student_id = cast(:student_id as bigint)
        and latest.section_id = named.section_id
        and latest.date <= period.end_date
    order by latest.date desc
    limit 1
) as trend
group by period.place
having sum(trend.n) > 0
order by period.place;

-- name: attendance_of_student
-- Of the sessions of a student's standings in these sections and of whole days, each row once. A
-- section that has no present or late row up to then tells none; a whole day where all are such.
with named as (
    select summary.section_id
    from public.student_performance_summaries as summary
    where summary.student_id = cast(:student_id as bigint)
        and summary.section_id = any(cast(:sections as bigint[]))
), known as (
    select
        named.section_id,
        width_bucket(min(trend.date) - 1, cast(:ends as date[])) + 1 as place
    from named
    join classpulse.section_trend as trend
        on trend.section_id = named.section_id and trend.subject_id is null
    where trend.present + trend.late > 0
    group by named.section_id
), counted as (
    select
        greatest(
            width_bucket(register.date - 1, cast(:ends as date[])) + 1,
            coalesce(own.place, (select min(known.place) from known))
        ) as place,
        count(*) filter (where register.status in ('present', 'late')) as attended,
        count(*) as recorded
    from public.attendance as register
    left join known as own on own.section_id = register.section_id
    where register.student_id = cast(:student_id as bigint)
        and (
            register.section_id is null and exists (select from known)
            or own.section_id is not null
        )
    group by 1
)
-- include: attendance_up_to
;

-- name: standings
-- In which of these sections a student has a standing.
select summary.section_id
from public.student_performance_summaries as summary
where summary.student_id = cast(:student_id as bigint)
    and summary.section_id = any(cast(:sections as bigint[]))
order by summary.section_id;

-- name: has_subject
select exists (
    select from public.performance_cache as figures
    where figures.section_id = any(cast(:sections as bigint[]))
        and figures.subject_id = cast(:subject_id as bigint)
) as found;

-- name: complete
-- Whether none of these trends waits to be derived (of a student, or of all in the sections).
select not exists (
    select from classpulse.stale_trends as stale
    where stale.section_id = any(cast(:sections as bigint[]))
        and (
            cast(:student_id as bigint) is null or stale.student_id = cast(:student_id as bigint)
        )
) as complete;

-- name: earlier
-- Sections of the term before that of these (the latest that had ended when the first of theirs
-- began) that are called the same, among those of the viewer.
with began as (
    select section.school_id, min(term.starts_on) as starts_on
    from public.sections as section
    join public.terms as term on term.id = section.term_id
    where section.id = any(cast(:sections as bigint[]))
    group by section.school_id
), before as (
    select latest.id
    from began
    cross join lateral (
        select term.id
        from public.terms as term
        where term.school_id = began.school_id and term.ends_on < began.starts_on
        order by term.ends_on desc, term.id desc
        limit 1
    ) as latest
)
select coalesce(array_agg(former.id order by former.id), '{}') as section_ids
from public.sections as former
join before on before.id = former.term_id
where former.id = any(cast(:theirs as bigint[]))
    and former.name in (
        select section.name from public.sections as section
        where section.id = any(cast(:sections as bigint[]))
    );
