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
    trim_scale(figures.graded_median) as graded_median
from classpulse.section_figures as figures
left join public.terms as term on term.id = figures.term_id
where figures.section_id = cast(:section_id as bigint);

-- name: page
-- Sections by name, after the one that the cursor names; in full, or (`brief`) without the lists and
-- the median, which is most of it: of 2,000 sections 400 of 500 ms.
with chosen as (
    select named.id, named.name_key
    from (
        select
            section.id,
            classpulse.sort_key(array[section.name], school.locale) collate "C" as name_key
        from public.sections as section
        join public.schools as school on school.id = section.school_id
        where section.id = any(cast(:sections as bigint[]))
    ) as named
    where cast(:after_id as bigint) is null
        or (named.name_key, named.id) > (cast(:after_name as text), cast(:after_id as bigint))
    order by named.name_key, named.id
    limit cast(:limit as bigint)
)
select
    chosen.name_key,
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
        as graded_median
from chosen
join classpulse.section_figures as figures on figures.section_id = chosen.id
left join public.terms as term on term.id = figures.term_id
order by chosen.name_key, chosen.id;

-- name: names
select section.id, classpulse.shown_name(section.name) as name
from public.sections as section
join public.schools as school on school.id = section.school_id
where section.id = any(cast(:sections as bigint[]))
order by classpulse.sort_key(array[section.name], school.locale) collate "C", section.id;
