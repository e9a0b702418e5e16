-- Deletes the oldest events, up to a bound; how many. Those older than the retention of the
-- partition that is being written, and those that are older by `grace` of one that could not be
-- dropped. The newest event always stays: it says where the log stands. Reads what it deletes.
create or replace function classpulse.forget_events(retention interval, grace interval)
returns integer
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    reached constant bigint := (select state.position from classpulse.state as state);
    written_from constant bigint := coalesce(
        (
            select max(partition.lower) from classpulse.log_partitions as partition
            where partition.lower <= reached
        ), 0
    );
    before constant timestamptz := clock_timestamp() - retention;
    one record;
    kept bigint;
    gone integer := 0;
begin
    for one in
        select event.position, event.logged_at, event.section_ids
        from classpulse.events as event
        where event.position < reached
        order by event.position
        limit 500
    loop
        exit when one.logged_at >= case
            when one.position < written_from then before - grace else before
        end;
        delete from classpulse.event_sections as listed
        where listed.section_id = any(one.section_ids) and listed.position = one.position;
        delete from classpulse.events as event where event.position = one.position;
        gone := gone + 1;
        kept := one.position + 1;
    end loop;
    if gone > 0 then
        update classpulse.state as state set kept_from = kept;
    end if;
    return gone;
end
$$;
