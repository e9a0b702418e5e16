-- name: page
-- Terms of the viewer's schools, the latest first, after the one that the cursor names.
with filtered as (
    select
        term.*,
        -- a day beyond our calendar, as infinity, is shown as none and sorted as its last
        least(greatest(term.starts_on, '0001-01-02'), '9999-12-30') as begins
    from public.terms as term
    where cast(:everything as boolean)
        or term.school_id = cast(:own_school as bigint)
        or term.school_id in (
            select section.school_id from public.sections as section
            where section.id = any(cast(:sections as bigint[]))
        )
), page as (
    select *
    from filtered
    where cast(:after_id as bigint) is null
        or (filtered.begins, filtered.id)
        < (cast(:after_date as date), cast(:after_id as bigint))
    order by filtered.begins desc, filtered.id desc
    limit cast(:limit as bigint)
)
select
    counted.total,
    page.id,
    classpulse.shown_name(page.name) as name,
    page.begins,
    case when page.starts_on = page.begins then page.starts_on end as starts_on,
    classpulse.calendar_date(page.ends_on) as ends_on,
    page.school_id,
    classpulse.shown_name(school.name) as school_name,
    page.id in (select current.term_id from classpulse.current_terms as current) as is_current,
    (
        select count(*) from public.sections as section
        where section.term_id = page.id
            and (
                cast(:everything as boolean)
                or section.id = any(cast(:sections as bigint[]))
            )
    ) as sections
from (select count(*) as total from filtered) as counted
left join page on true
left join public.schools as school on school.id = page.school_id
order by page.begins desc, page.id desc;
