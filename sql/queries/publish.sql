-- name: read_events
-- Where the log stands and what comes after a position, in one snapshot: always at least one row,
-- whose event is null when there is none. $1 position, $2 how many.
select
    log.epoch,
    log.position as log_position,
    log.as_of_time,
    clock_timestamp() as now,
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
from classpulse.state as log
left join lateral (
    select * from classpulse.events as e where e.position > $1 order by e.position limit $2
) as event on true
order by event.position;

-- name: recent_events
-- The last events up to a position, without the machinery's own. $1 position, $2 how many.
select *
from (
    select *
    from classpulse.events as event
    where event.position <= $1 and not starts_with(event.type, '_')
    order by event.position desc
    limit $2
) as recent
order by recent.position;

-- name: log_ends
-- Where the log begins and ends now.
select
    log.epoch,
    log.position as log_position,
    log.kept_from as oldest
from classpulse.state as log;

-- name: replay_events
-- A page of what a scope may see between two positions; one row without an event when there is
-- none. $1 after, $2 up to, $3 everything, $4 sections, $5 school, $6 educator, $7 how many.
select
    log.epoch,
    log.oldest,
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
from (
    select state.epoch, state.kept_from as oldest from classpulse.state as state
) as log
left join lateral (
    select *
    from classpulse.events as e
    where e.position > $1
        and e.position <= $2
        and not starts_with(e.type, '_')
        and case
            when e.educator_id is not null then e.educator_id = $6
            when $3::boolean then true
            when e.section_ids = '{}' then e.school_id = $5
            else e.section_ids && $4::bigint[]
        end
    order by e.position
    limit $7
) as event on true
order by event.position;

-- name: write_canary
-- Proof of life, first half. Nothing is written while a change could go uncaptured. $1 process,
-- $2 beat.
with capture as (
    select classpulse.capture_is_intact() as intact
), written as (
    insert into classpulse.canaries (process, beat)
    select $1, $2 from capture where capture.intact
    on conflict (process) do update set beat = excluded.beat, born_at = clock_timestamp()
    returning born_at
)
select capture.intact, written.born_at
from capture
left join written on true;

-- name: capture_is_intact
select classpulse.capture_is_intact();
