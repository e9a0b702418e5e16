-- name: read_events
-- Where the log stands and what comes after a position, in one snapshot: always at least one row,
-- whose event is null when there is none. $1 position, $2 how many.
select
    log.epoch,
    log.position as log_position,
    log.as_of_time,
    clock_timestamp() as now,
    -- include: event_columns
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

-- name: replay_of_sections
-- A page of what a scope of few sections may see between two positions: what is theirs is found by
-- section, whatever others have. One row without an event when there is none; `looked_to`: where so
-- many ended. $1 after, $2 up to, $3 sections, $4 school, $5 educator, $6 how many.
with theirs as materialized (
    select found.position
    from (
        select place.position
        from unnest($3::bigint[]) as section (id)
        cross join lateral (
            select listed.position
            from classpulse.event_sections as listed
            where listed.section_id = section.id
                and listed.position > $1
                and listed.position <= $2
            order by listed.position
            limit $6
        ) as place
        union
        (
            select e.position
            from classpulse.events as e
            where e.educator_id = $5 and e.position > $1 and e.position <= $2
                and not starts_with(e.type, '_')
            order by e.position
            limit $6
        )
        union
        (
            select e.position
            from classpulse.events as e
            where e.school_id = $4 and e.educator_id is null and e.section_ids = '{}'
                and e.position > $1 and e.position <= $2 and not starts_with(e.type, '_')
            order by e.position
            limit $6
        )
    ) as found
    order by found.position
    limit $6
)
select
    log.epoch,
    log.oldest,
    (
        select max(theirs.position) from theirs having count(*) = $6
    ) as looked_to,
    -- include: event_columns
from (
    select state.epoch, state.kept_from as oldest from classpulse.state as state
) as log
left join lateral (
    select event.*
    from theirs
    cross join lateral (
        select * from classpulse.events as e where e.position = theirs.position
    ) as event
    -- whatever the list of sections says: rows of the log may have been exchanged by hand
    where case
        when event.educator_id is not null then event.educator_id = $5
        when event.section_ids = '{}' then event.school_id = $4
        else event.section_ids && $3::bigint[]
    end
) as event on true
order by event.position;

-- name: replay_events
-- The same for a scope that sees much of the log, or all: it is read as it lies, up to a number of
-- events ($8). `looked_to`: where that many ended, if the page did not fill before. $1 after, $2 up
-- to, $3 everything, $4 sections, $5 school, $6 educator, $7 how many.
select
    log.epoch,
    log.oldest,
    case
        when count(event.position) over () < $7 then (
            select max(stretch.position)
            from (
                select e.position
                from classpulse.events as e
                where e.position > $1 and e.position <= $2
                order by e.position
                limit $8
            ) as stretch
            having count(*) = $8
        )
    end as looked_to,
    -- include: event_columns
from (
    select state.epoch, state.kept_from as oldest from classpulse.state as state
) as log
left join lateral (
    select stretch.*
    from (
        select *
        from classpulse.events as e
        where e.position > $1 and e.position <= $2
        order by e.position
        limit $8
    ) as stretch
    where not starts_with(stretch.type, '_')
        and case
            when stretch.educator_id is not null then stretch.educator_id = $6
            when $3::boolean then true
            when stretch.section_ids = '{}' then stretch.school_id = $5
            else exists (
                select from unnest(stretch.section_ids) as section (id)
                where section.id = any($4::bigint[])
            )
        end
    order by stretch.position
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
