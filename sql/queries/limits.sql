-- name: merge_requests
-- Adds what this process counted and returns what all have: in that window and in the one before.
with counted as (
    insert into classpulse.request_counts as known (counted_for, window_number, requests)
    select given.counted_for, given.window_number, given.requests
    from unnest(
        cast(:counted_for as text[]), cast(:windows as bigint[]), cast(:requests as bigint[])
    ) as given (counted_for, window_number, requests)
    -- in one order in all processes: none waits for another in a circle
    order by given.counted_for, given.window_number
    on conflict (counted_for, window_number) do update set
        requests = known.requests + excluded.requests
    returning known.counted_for, known.window_number, known.requests
)
select
    counted.counted_for, counted.window_number, counted.requests,
    coalesce(before.requests, 0) as requests_before
from counted
left join classpulse.request_counts as before
    on before.counted_for = counted.counted_for
    and before.window_number = counted.window_number - 1;

-- name: count_failure
-- Counts one more moment unless there are as many in the window already; a row if it was counted.
insert into classpulse.failed_sign_ins as known (counted_for, moments)
values (cast(:counted_for as text), array[clock_timestamp()])
on conflict (counted_for) do update set
    moments = array(
        select moment from unnest(known.moments) as moment
        where moment > clock_timestamp() - make_interval(secs => cast(:seconds as integer))
        order by moment
    ) || clock_timestamp()
where (
    select count(*) from unnest(known.moments) as moment
    where moment > clock_timestamp() - make_interval(secs => cast(:seconds as integer))
) < cast(:most as integer)
returning known.counted_for;

-- name: failures
-- How many there are in the window, and how many seconds ago the oldest of them was.
select
    count(*) as failures,
    coalesce(cast(extract(epoch from clock_timestamp() - min(moment)) as double precision), 0)
        as oldest_age
from classpulse.failed_sign_ins as known
cross join unnest(known.moments) as moment
where known.counted_for = cast(:counted_for as text)
    and moment > clock_timestamp() - make_interval(secs => cast(:seconds as integer));

-- name: take_back_failure
-- The newest moment was no failure after all.
update classpulse.failed_sign_ins as known set
    moments = known.moments[1:cardinality(known.moments) - 1]
where known.counted_for = cast(:counted_for as text)
returning known.counted_for;

-- name: take_streams
select of_educator, granted
from classpulse.take_streams(
    cast(:process as text), cast(:educators as bigint[]), cast(:held as integer[]),
    cast(:wanted as integer[]), cast(:most as integer)
);

-- name: stay
-- Says that the process lives; whether it was known (a crash of the server forgets everything).
insert into classpulse.processes as alive (process) values (cast(:process as text))
on conflict (process) do update set seen_at = clock_timestamp()
returning xmax <> 0 as was_known;

-- name: leave
delete from classpulse.processes where process = cast(:process as text);

-- name: forget_requests
delete from classpulse.request_counts where window_number < cast(:window as bigint);

-- name: forget_old_failures
delete from classpulse.failed_sign_ins as known
where not exists (
    select from unnest(known.moments) as moment
    where moment > clock_timestamp() - make_interval(secs => cast(:seconds as integer))
);

-- name: forget_processes
delete from classpulse.processes where seen_at < clock_timestamp() - interval '1 min';

-- name: forget_streams
delete from classpulse.open_streams as open
where open.streams = 0 or not exists (
    select from classpulse.processes as alive where alive.process = open.process
);
