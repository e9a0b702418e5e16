-- The newest places in the log of what a viewer of few sections may see, before a position.
select place.position
from unnest(cast(:sections as bigint[])) as section (id)
cross join lateral (
    select listed.position
    from classpulse.event_sections as listed
    where listed.section_id = section.id
        and listed.position < cast(:before as bigint)
        and (cast(:types as text[]) is null or listed.type = any(cast(:types as text[])))
    order by listed.position desc
    limit cast(:limit as bigint)
) as place
union
(
    select event.position
    from classpulse.events as event
    where event.educator_id = cast(:educator_id as bigint)
        and event.position < cast(:before as bigint)
        and not starts_with(event.type, '_')
        and (cast(:types as text[]) is null or event.type = any(cast(:types as text[])))
    order by event.position desc
    limit cast(:limit as bigint)
)
union
(
    select event.position
    from classpulse.events as event
    where event.school_id = cast(:school_id as bigint)
        and event.educator_id is null
        and event.section_ids = '{}'
        and event.position < cast(:before as bigint)
        and not starts_with(event.type, '_')
        and (cast(:types as text[]) is null or event.type = any(cast(:types as text[])))
    order by event.position desc
    limit cast(:limit as bigint)
)
