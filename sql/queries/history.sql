-- name: kept
-- The epoch of the log, and the first and the last position that it holds.
select
    (select log.epoch from classpulse.state as log) as epoch,
    min(event.position) as oldest,
    max(event.position) as newest
from classpulse.events as event;

-- name: page_of_sections
-- What a viewer of few sections may see before a position, newest first: what is theirs is found by
-- section, whatever others have.
with found as (
    -- include: places_of_sections
), theirs as (
    select found.position from found order by found.position desc limit cast(:limit as bigint)
)
select
    -- include: event_columns
from theirs
cross join lateral (
    select * from classpulse.events as kept where kept.position = theirs.position
) as event
-- whatever the list of sections says: rows of the log may have been exchanged by hand
where case
    when event.educator_id is not null then event.educator_id = cast(:educator_id as bigint)
    when event.section_ids = '{}' then event.school_id = cast(:school_id as bigint)
    else event.section_ids && cast(:sections as bigint[])
end
order by event.position desc;

-- name: count_of_sections
-- How many they are, counted up to a limit.
with found as (
    -- include: places_of_sections
)
select count(*) as total
from (select found.position from found limit cast(:limit as bigint)) as counted;

-- name: page
-- What a viewer of many sections may see before a position, newest first, among so many events.
select
    -- include: event_columns
from (
    select *
    from classpulse.events as kept
    where kept.position < cast(:before as bigint)
    order by kept.position desc
    limit cast(:stretch as bigint)
) as event
where not starts_with(event.type, '_')
    and (cast(:types as text[]) is null or event.type = any(cast(:types as text[])))
    and case
        when event.educator_id is not null
            then event.educator_id = cast(:educator_id as bigint)
        when cast(:everything as boolean) then true
        when event.section_ids = '{}' then event.school_id = cast(:school_id as bigint)
        else exists (
            select from unnest(event.section_ids) as section (id)
            where section.id = any(cast(:sections as bigint[]))
        )
    end
order by event.position desc
limit cast(:limit as bigint);

-- name: stretch
-- Where so many events before a position end, and how many there are.
select min(event.position) as position, count(*) as events
from (
    select kept.position
    from classpulse.events as kept
    where kept.position < cast(:before as bigint)
    order by kept.position desc
    limit cast(:stretch as bigint)
) as event;

-- name: count
select count(*) as total
from classpulse.events as event
where not starts_with(event.type, '_')
    and (cast(:types as text[]) is null or event.type = any(cast(:types as text[])))
    and case
        when event.educator_id is not null
            then event.educator_id = cast(:educator_id as bigint)
        when cast(:everything as boolean) then true
        when event.section_ids = '{}' then event.school_id = cast(:school_id as bigint)
        else exists (
            select from unnest(event.section_ids) as section (id)
            where section.id = any(cast(:sections as bigint[]))
        )
    end;

-- name: of_a_student
-- The newest kept changes of one student's rows that a viewer may see, also of rows that went to
-- somebody else.
select
    -- include: event_columns
from (
    (
        select *
        from classpulse.events as event
        where event.student_id = cast(:student_id as bigint)
            and event.type = any(cast(:types as text[]))
            and case
                when cast(:everything as boolean) then true
                when event.section_ids = '{}' then event.school_id = cast(:school_id as bigint)
                else event.section_ids && cast(:sections as bigint[])
            end
        order by event.position desc
        limit cast(:limit as bigint)
    )
    union all
    (
        select *
        from classpulse.events as event
        where event.former_student_id = cast(:student_id as bigint)
            and event.student_id is distinct from event.former_student_id
            and event.type = any(cast(:types as text[]))
            and case
                when cast(:everything as boolean) then true
                when event.section_ids = '{}' then event.school_id = cast(:school_id as bigint)
                else event.section_ids && cast(:sections as bigint[])
            end
        order by event.position desc
        limit cast(:limit as bigint)
    )
) as event
order by event.position desc
limit cast(:limit as bigint);
