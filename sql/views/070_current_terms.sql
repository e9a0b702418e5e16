-- Sections of the current terms: by date in the school's time zone, so that a term turns over
-- without a write. Between terms the latest that has begun (before any, the first) counts on.
-- A section without a term is always current.
create or replace view classpulse.current_terms as
select term.id as term_id, school.id as school_id
from public.schools as school
cross join lateral (
    select timezone(classpulse.known_zone(school.time_zone), now())::date as today
    -- once for a school, not for each of its terms
    offset 0
) as clock
cross join lateral (
    select running.id
    from public.terms as running
    where running.school_id = school.id
        and clock.today between running.starts_on and running.ends_on
    union all
    select latest.id
    from (
        select candidate.id
        from public.terms as candidate
        where candidate.school_id = school.id
            and not exists (
                select from public.terms as running
                where running.school_id = school.id
                    and clock.today between running.starts_on and running.ends_on
            )
        order by
            candidate.ends_on < clock.today desc,
            case when candidate.ends_on < clock.today then candidate.ends_on end desc,
            candidate.starts_on,
            candidate.id desc
        limit 1
    ) as latest
) as term;
