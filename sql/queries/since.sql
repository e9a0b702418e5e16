-- name: log
-- Where the log begins and ends, since when it is kept, and where an educator stopped reading. What
-- another educator marked under the same number is nobody's.
select
    log.epoch,
    log.kept_from - 1 as start,
    log.position as newest,
    (
        select event.at from classpulse.events as event
        where event.position >= log.kept_from
        order by event.position
        limit 1
    ) as kept_since,
    mark.epoch as mark_epoch,
    mark.position as mark_position,
    mark.at as mark_at
from classpulse.state as log
left join public.educators as educator on educator.id = cast(:educator_id as bigint)
left join classpulse.marks as mark on mark.account_id = educator.account_id;

-- name: of_sections
-- The next events after a position that a viewer of few sections may see: what is theirs is found by
-- section, whatever others have.
with found as materialized (
    select found.position
    from (
        select place.position
        from unnest(cast(:sections as bigint[])) as section (id)
        cross join lateral (
            select listed.position
            from classpulse.event_sections as listed
            where listed.section_id = section.id
                and listed.position > cast(:after as bigint)
                and listed.position <= cast(:up_to as bigint)
            order by listed.position
            limit cast(:limit as bigint)
        ) as place
        union
        (
            select event.position
            from classpulse.events as event
            where event.school_id = cast(:school_id as bigint)
                and event.educator_id is null
                and event.section_ids = '{}'
                and event.position > cast(:after as bigint)
                and event.position <= cast(:up_to as bigint)
            order by event.position
            limit cast(:limit as bigint)
        )
    ) as found
    order by found.position
    limit cast(:limit as bigint)
)
select
    found.position as place,
    -- include: event_columns
from found
left join lateral (
    select * from classpulse.events as kept where kept.position = found.position
) as event on true
order by found.position;

-- name: of_stretch
-- The same of a viewer of many sections: the log as it lies, up to so many events of anybody's.
select
    event.position as place,
    -- include: event_columns
from (
    select *
    from classpulse.events as kept
    where kept.position > cast(:after as bigint) and kept.position <= cast(:up_to as bigint)
    order by kept.position
    limit cast(:stretch as bigint)
) as event
where event.educator_id is null
    and not starts_with(event.type, '_')
    and case
        when cast(:everything as boolean) then true
        when event.section_ids = '{}' then event.school_id = cast(:school_id as bigint)
        else exists (
            select from unnest(event.section_ids) as section (id)
            where section.id = any(cast(:sections as bigint[]))
        )
    end
order by event.position
limit cast(:limit as bigint);

-- name: end_of_stretch
-- Where so many events after a position end; null where there are fewer.
select max(event.position) as position
from (
    select kept.position
    from classpulse.events as kept
    where kept.position > cast(:after as bigint) and kept.position <= cast(:up_to as bigint)
    order by kept.position
    limit cast(:stretch as bigint)
) as event
having count(*) = cast(:stretch as bigint);

-- name: figures_before
-- What was told last of standings up to a position, among so many events before it. Not where
-- something happened in the section after that which told no standing: then nobody knows.
with asked as materialized (
    select of_student.student_id, of_student.section_id
    from unnest(cast(:students as bigint[]), cast(:in_sections as bigint[]))
        as of_student (student_id, section_id)
), moved as materialized (
    select place.section_id, max(place.position) as position
    from (select distinct asked.section_id from asked) as section
    cross join lateral (
        select listed.section_id, listed.position
        from classpulse.event_sections as listed
        where listed.section_id = section.section_id
            and listed.position > cast(:after as bigint) - cast(:stretch as bigint)
            and listed.position <= cast(:after as bigint)
            and (
                listed.type = 'bulk_update'
                or (
                    listed.type = 'figures_changed'
                    and exists (
                        select from classpulse.events as event
                        where event.position = listed.position
                            and event.payload::json ->> 'reason' <> 'support'
                    )
                )
            )
    ) as place
    group by place.section_id
)
select
    asked.student_id as asked_student,
    asked.section_id as asked_section,
    -- include: event_columns
from asked
cross join lateral (
    select *
    from classpulse.events as kept
    where kept.student_id = asked.student_id
        and kept.position > cast(:after as bigint) - cast(:stretch as bigint)
        and kept.position <= cast(:after as bigint)
        and asked.section_id = any(kept.section_ids)
    order by kept.position desc
    limit 1
) as event
left join moved on moved.section_id = asked.section_id
where moved.position is null or moved.position < event.position;

-- name: figures_now
select
    summary.student_id,
    summary.section_id,
    summary.average,
    summary.letter,
    summary.attendance_percentage,
    summary.missing_count
from unnest(cast(:students as bigint[]), cast(:in_sections as bigint[]))
    as asked (student_id, section_id)
join public.student_performance_summaries as summary
    on summary.student_id = asked.student_id and summary.section_id = asked.section_id;

-- name: names
-- As sections and students are called now.
select
    'section' as kind, section.id, classpulse.shown_name(section.name) as name
from public.sections as section
where section.id = any(cast(:sections as bigint[]))
union all
select
    'student', student.id,
    classpulse.shown_name(trim(student.first_name || ' ' || student.last_name))
from public.students as student
where student.id = any(cast(:students as bigint[]));

-- name: mark
-- Up to here somebody has read: only forward, unless asked to go back. A mark of an epoch that is
-- over is replaced.
insert into classpulse.marks as mark (account_id, epoch, position)
select educator.account_id, cast(:epoch as text), cast(:position as bigint)
from public.educators as educator
where educator.id = cast(:educator_id as bigint)
on conflict (account_id) do update set
    epoch = excluded.epoch,
    position = excluded.position,
    at = excluded.at
where cast(:back as boolean)
    or mark.epoch <> excluded.epoch
    or mark.position < excluded.position;
