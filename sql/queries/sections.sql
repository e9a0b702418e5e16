-- name: one
select
    figures.section_id,
    figures.section_name,
    figures.school_id,
    figures.term_id,
    classpulse.shown_name(term.name) as term_name,
    figures.total_students,
    figures.passed_students,
    figures.failed_students,
    figures.no_data,
    figures.pass_rate,
    figures.average_score,
    figures.highest_score,
    figures.lowest_score,
    figures.attendance_average,
    figures.grade_distribution,
    figures.subject_averages,
    figures.present_sessions,
    figures.late_sessions,
    figures.absent_sessions,
    figures.excused_sessions,
    figures.pass_mark,
    trim_scale(figures.graded_median) as graded_median,
    figures.absence_basis,
    figures.coverage
from classpulse.section_figures as figures
left join public.terms as term on term.id = figures.term_id
where figures.section_id = cast(:section_id as bigint);

-- name: educators
-- Who teaches a section, by name.
select classpulse.shown_name(educator.full_name) as name
from public.section_educators as teaching
join public.educators as educator on educator.id = teaching.educator_id
where teaching.section_id = cast(:section_id as bigint) and educator.is_active
order by educator.full_name, educator.id
limit 20;

-- name: page
-- Sections in their order, after the one that the cursor names; unknown values come last either
-- way. Always at least one row: `total` counts all that are found. All are sorted by a few columns;
-- only those of the page are looked up whole, in full or (`brief`) without lists and median, which
-- are most of it.
with listed as materialized (
    select
        section.id,
        case
            when cast(:sort as text) = 'name'
                then classpulse.sort_key(array[section.name], school.locale)
        end collate "C" as name_key,
        case when cast(:descending as boolean) then -1 else 1 end * case cast(:sort as text)
            when 'average' then figures.average_score
            when 'pass_rate' then figures.pass_rate
            when 'attendance' then figures.attendance_average
            when 'students' then coalesce(figures.total_students, 0)
            when 'change' then extract(epoch from figures.updated_at)
        end as key
    from public.sections as section
    join public.schools as school on school.id = section.school_id
    left join public.performance_cache as figures
        on figures.section_id = section.id and figures.subject_id is null
    where section.id = any(cast(:sections as bigint[]))
        and (
            cast(:q as text) is null
            or classpulse.search_text(section.name)
            like all (classpulse.search_patterns(cast(:q as text)))
        )
), page as (
    -- include: next_listed
)
select
    counted.total,
    page.name_key,
    page.key,
    figures.section_id,
    figures.section_name,
    figures.school_id,
    figures.term_id,
    classpulse.shown_name(term.name) as term_name,
    figures.total_students,
    figures.passed_students,
    figures.failed_students,
    figures.no_data,
    figures.pass_rate,
    figures.average_score,
    figures.highest_score,
    figures.lowest_score,
    figures.attendance_average,
    figures.grade_distribution,
    case when not cast(:brief as boolean) then figures.subject_averages end as subject_averages,
    figures.present_sessions,
    figures.late_sessions,
    figures.absent_sessions,
    figures.excused_sessions,
    figures.pass_mark,
    case when not cast(:brief as boolean) then trim_scale(figures.graded_median) end
        as graded_median,
    figures.absence_basis,
    case when not cast(:brief as boolean) then figures.coverage end as coverage
from (select count(*) as total from listed) as counted
left join page on true
left join classpulse.section_figures as figures on figures.section_id = page.id
left join public.terms as term on term.id = figures.term_id
order by
    case when not cast(:descending as boolean) then page.name_key end,
    case when cast(:descending as boolean) then page.name_key end desc,
    page.key,
    page.id;

-- name: names
select section.id, classpulse.shown_name(section.name) as name
from public.sections as section
join public.schools as school on school.id = section.school_id
where section.id = any(cast(:sections as bigint[]))
order by classpulse.sort_key(array[section.name], school.locale) collate "C", section.id;
