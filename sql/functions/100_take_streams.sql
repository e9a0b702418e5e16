-- How many of the streams that a process wants to open it may open. ``held`` is what it has open
-- now, as it knows best: what was counted for it before is replaced, so that nothing adds up wrong.
create or replace function classpulse.take_streams(
    by_process text, educators bigint[], held integer[], wanted integer[], most integer
)
returns table (of_educator bigint, granted integer)
language plpgsql
set search_path = ''
as $$
declare
    _asked record;
    _elsewhere bigint;
begin
    insert into classpulse.processes (process) values (by_process)
    on conflict (process) do update set seen_at = clock_timestamp();
    for _asked in
        select given.educator, given.holds, given.wants
        from unnest(educators, held, wanted) as given (educator, holds, wants)
        order by given.educator
    loop
        -- The row of no process is the lock: who gets it counts what all others have committed.
        insert into classpulse.open_streams (educator_id, process, streams)
        values (_asked.educator, '', 0)
        on conflict (educator_id, process) do update set streams = 0;
        _elsewhere := (
            select coalesce(sum(open.streams), 0)
            from classpulse.open_streams as open
            join classpulse.processes as alive on alive.process = open.process
            where open.educator_id = _asked.educator
                and open.process <> by_process
                and alive.seen_at > clock_timestamp() - interval '15 s'
        );
        of_educator := _asked.educator;
        granted := greatest(0, least(_asked.wants, most - _asked.holds - _elsewhere));
        insert into classpulse.open_streams (educator_id, process, streams)
        values (_asked.educator, by_process, _asked.holds + granted)
        on conflict (educator_id, process) do update set streams = excluded.streams;
        return next;
    end loop;
end
$$;
