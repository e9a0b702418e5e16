-- Drops the oldest partition if all of it is older than the retention; whether it did. The newest
-- event always stays: it says where the log stands. Readers wait for a moment at most: the lock
-- comes at once or another time.
create or replace function classpulse.shorten_log(retention interval) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    oldest record;
    newest record;
begin
    perform set_config('lock_timeout', '10ms', true);
    lock table only classpulse.events, only classpulse.event_sections in access exclusive mode;
    select partition.name, partition.upper into oldest
    from classpulse.log_partitions as partition
    order by partition.lower
    limit 1;
    if oldest.upper > (select state.position from classpulse.state as state) then
        return false;
    end if;
    select event.position, event.logged_at into newest
    from classpulse.events as event
    where event.position < oldest.upper
    order by event.position desc
    limit 1;
    if newest.logged_at >= clock_timestamp() - retention then
        return false;
    end if;
    update classpulse.state as state
    set kept_from = greatest(state.kept_from, newest.position + 1)
    where newest.position is not null;
    execute format(
        'drop table classpulse.%I, classpulse.%I',
        oldest.name, 'event_sections_' || substring(oldest.name from '[0-9]+$')
    );
    return true;
end
$$;
