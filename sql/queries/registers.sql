-- name: bounds
-- The last day with anything recorded in a section, and today at its school. Days beyond our
-- calendar, as infinity, are in no register.
select
    section.id as section_id,
    classpulse.shown_name(section.name) as section_name,
    (
        select max(attendance.date) from public.attendance as attendance
        where attendance.section_id = section.id
            and attendance.date between '0001-01-02' and '9999-12-30'
    ) as last_date,
    (
        select max(attendance.date)
        from public.attendance as attendance
        join public.student_performance_summaries as standing
            on standing.student_id = attendance.student_id
            and standing.section_id = section.id
        where attendance.section_id is null
            and attendance.date between '0001-01-02' and '9999-12-30'
    ) as last_whole_day,
    timezone(classpulse.known_zone(school.time_zone), now())::date as today
from public.sections as section
join public.schools as school on school.id = section.school_id
where section.id = cast(:section_id as bigint);

-- name: register
-- Every standing of a section with what was recorded from one day to another, whole days too.
select
    standing.id as student_id,
    standing.student_number,
    standing.name as student_name,
    standing.roll_number,
    standing.attendance_percentage,
    coalesce(marks.marks, '[]') as marks
from classpulse.standing_figures as standing
join public.schools as school on school.id = standing.school_id
left join lateral (
    select json_agg(
        json_build_object(
            'attendance_id', attendance.id,
            'date', attendance.date,
            'period', attendance.period,
            'whole_day', attendance.section_id is null,
            'status', attendance.status,
            'remarks', classpulse.shown_remark(attendance.remarks)
        ) order by attendance.date, attendance.period, attendance.id
    ) as marks
    from public.attendance as attendance
    where attendance.student_id = standing.id
        and (
            attendance.section_id = cast(:section_id as bigint)
            or attendance.section_id is null
        )
        and attendance.date between cast(:from_date as date) and cast(:to_date as date)
        and attendance.date between '0001-01-02' and '9999-12-30'
) as marks on true
where standing.section_id = cast(:section_id as bigint)
order by
    standing.roll_number nulls last,
    case
        when school.name_order = 'first_last' then standing.by_name
        else standing.by_last_name
    end,
    standing.id;

-- name: sessions
-- The columns of the register: each day and period with anything recorded, and how many of each.
select
    attendance.date,
    attendance.period,
    attendance.section_id is null as whole_day,
    count(*) filter (where attendance.status = 'present') as present,
    count(*) filter (where attendance.status = 'late') as late,
    count(*) filter (where attendance.status = 'absent') as absent,
    count(*) filter (where attendance.status = 'excused') as excused
from public.student_performance_summaries as standing
join public.attendance as attendance
    on attendance.student_id = standing.student_id
    and (attendance.section_id = standing.section_id or attendance.section_id is null)
where standing.section_id = cast(:section_id as bigint)
    and attendance.date between cast(:from_date as date) and cast(:to_date as date)
    and attendance.date between '0001-01-02' and '9999-12-30'
group by attendance.date, attendance.period, attendance.section_id is null
order by attendance.date, attendance.period, whole_day;

-- name: newest_days
-- The newest days with anything recorded, all periods of a day together, the oldest of them first.
with standings as materialized (
    select summary.student_id
    from public.student_performance_summaries as summary
    where summary.section_id = cast(:section_id as bigint)
), rows as (
    select attendance.date, attendance.status
    from public.attendance as attendance
    where attendance.section_id = cast(:section_id as bigint)
        and attendance.student_id in (select standings.student_id from standings)
    union all
    select attendance.date, attendance.status
    from standings
    join public.attendance as attendance
        on attendance.student_id = standings.student_id and attendance.section_id is null
), newest as (
    select
        rows.date,
        count(*) filter (where rows.status = 'present') as present,
        count(*) filter (where rows.status = 'late') as late,
        count(*) filter (where rows.status = 'absent') as absent,
        count(*) filter (where rows.status = 'excused') as excused,
        count(*) as total
    from rows
    where rows.date between '0001-01-02' and '9999-12-30'
    group by rows.date
    order by rows.date desc
    limit cast(:days as integer)
)
select
    newest.*,
    -- a day of absences alone has counts, and no percentage
    case
        when newest.present + newest.late > 0
            then classpulse.rounded(
                classpulse.exact_percentage(newest.present + newest.late, newest.total)
            )
    end as percentage
from newest
order by newest.date;

-- name: missing
-- Sections whose register of a day (null: today, by their school's clock) was not taken, by name,
-- after the one that the cursor names. Without a calendar a day on which any section of the school
-- took one was a school day. Where nobody is enrolled there is no register to take. Always at least
-- one row: `total` counts all that are found.
with days as materialized (
    select
        school.id as school_id,
        school.locale,
        clock.day,
        exists (select from public.school_days as day where day.school_id = school.id)
            as has_calendar,
        exists (
            select from public.school_days as day
            where day.school_id = school.id and day.date = clock.day and day.kind <> 'holiday'
        ) as is_school_day
    from public.schools as school
    cross join lateral (
        select classpulse.today_at(school.id) as today offset 0
    ) as own
    cross join lateral (
        select coalesce(cast(:date as date), own.today) as day
    ) as clock
    where clock.day <= own.today
        and exists (
            select from public.sections as section
            where section.school_id = school.id
                and section.id = any(cast(:sections as bigint[]))
        )
), held as materialized (
    -- by the calendar, or by what others did
    select days.*
    from days
    where days.is_school_day
        or (
            not days.has_calendar
            and exists (
                select
                from public.sections as other
                join classpulse.register_days as taken
                    on taken.section_id = other.id and taken.date = days.day
                where other.school_id = days.school_id
            )
        )
), listed as materialized (
    select
        section.id,
        section.name,
        held.day,
        classpulse.sort_key(array[section.name], held.locale) collate "C" as name_key
    from public.sections as section
    join held on held.school_id = section.school_id
    join public.performance_cache as figures
        on figures.section_id = section.id and figures.subject_id is null
    left join public.terms as term on term.id = section.term_id
    where section.id = any(cast(:sections as bigint[]))
        and figures.total_students > 0
        and (term.id is null or held.day between term.starts_on and term.ends_on)
        and not exists (
            select from classpulse.register_days as taken
            where taken.section_id = section.id and taken.date = held.day
        )
), page as (
    select *
    from listed
    where cast(:after_id as bigint) is null
        or (listed.name_key, listed.id) > (cast(:after_name as text), cast(:after_id as bigint))
    order by listed.name_key, listed.id
    limit cast(:limit as bigint)
)
select
    counted.total,
    page.name_key,
    page.id as section_id,
    classpulse.shown_name(page.name) as section_name,
    page.day as date,
    array(
        select classpulse.shown_name(educator.full_name)
        from public.section_educators as taught
        join public.educators as educator on educator.id = taught.educator_id
        where taught.section_id = page.id and educator.is_active
        order by educator.full_name, educator.id
    ) as educators
from (select count(*) as total from listed) as counted
left join page on true
order by page.name_key, page.id;
