create or replace view classpulse.current_sections as
select section.id as section_id, section.school_id
from public.sections as section
where section.term_id is null
    or section.term_id in (select current.term_id from classpulse.current_terms as current);
