-- name: kept
-- The epoch of the log, and the first and the last position that it holds.
select
    (select log.epoch from classpulse.state as log) as epoch,
    min(event.position) as oldest,
    max(event.position) as newest
from classpulse.events as event;

-- name: page
-- What a viewer may see between two positions, newest first.
select
    event.position,
    event.at,
    event.type,
    event.event,
    event.school_id,
    event.section_ids,
    event.student_id,
    event.subject_id,
    event.educator_id,
    event.payload,
    event.parts,
    event.former_student_id,
    event.former_subject_id,
    event.former_section_ids
from classpulse.events as event
where event.position < cast(:before as bigint)
    and event.position >= cast(:from_position as bigint)
    and not starts_with(event.type, '_')
    and (cast(:types as text[]) is null or event.type = any(cast(:types as text[])))
    and case
        when event.educator_id is not null
            then event.educator_id = cast(:educator_id as bigint)
        when cast(:everything as boolean) then true
        when event.section_ids = '{}' then event.school_id = cast(:school_id as bigint)
        else event.section_ids && cast(:sections as bigint[])
    end
order by event.position desc
limit cast(:limit as bigint);

-- name: total
select count(*) as total
from classpulse.events as event
where not starts_with(event.type, '_')
    and (cast(:types as text[]) is null or event.type = any(cast(:types as text[])))
    and case
        when event.educator_id is not null
            then event.educator_id = cast(:educator_id as bigint)
        when cast(:everything as boolean) then true
        when event.section_ids = '{}' then event.school_id = cast(:school_id as bigint)
        else event.section_ids && cast(:sections as bigint[])
    end;

-- name: of_a_student
-- The newest kept changes of one student's rows that a viewer may see, also of rows that went to
-- somebody else.
select
    event.position,
    event.at,
    event.type,
    event.event,
    event.school_id,
    event.section_ids,
    event.student_id,
    event.subject_id,
    event.educator_id,
    event.payload,
    event.parts,
    event.former_student_id,
    event.former_subject_id,
    event.former_section_ids
from classpulse.events as event
where (
        event.student_id = cast(:student_id as bigint)
        or event.former_student_id = cast(:student_id as bigint)
    )
    and event.type = any(cast(:types as text[]))
    and case
        when cast(:everything as boolean) then true
        when event.section_ids = '{}' then event.school_id = cast(:school_id as bigint)
        else event.section_ids && cast(:sections as bigint[])
    end
order by event.position desc
limit cast(:limit as bigint);
