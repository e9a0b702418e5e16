-- Sections of the current terms: by date in the school's time zone, so that a term turns over
-- without a write. Between terms the latest that has begun (before any, the first) counts on.
-- A section without a term is always current.
create or replace view classpulse.current_terms as
select term.id as term_id, term.school_id
from (
    select
        school.id as school_id,
        timezone(classpulse.known_zone(school.time_zone), now())::date as today
    from public.schools as school
    -- once for a school, not for each comparison
    offset 0
) as clock
join public.terms as term on term.school_id = clock.school_id
where clock.today between term.starts_on and term.ends_on
    or (
        not exists (
            select from public.terms as running
            where running.school_id = term.school_id
                and clock.today between running.starts_on and running.ends_on
        )
        and term.id = (
            select candidate.id
            from public.terms as candidate
            where candidate.school_id = term.school_id
            order by
                candidate.ends_on < clock.today desc,
                case when candidate.ends_on < clock.today then candidate.ends_on end desc,
                candidate.starts_on,
                candidate.id desc
            limit 1
        )
    );
