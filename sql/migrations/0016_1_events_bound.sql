-- The log becomes a table of partitions, by ranges of position. In four steps, so that nobody waits
-- while its rows are read. First: all of them lie below a bound, taken on trust for now.
do $$
declare
    bound constant bigint := 1000000000 * (
        1 + greatest(
            (select state.position from classpulse.state as state),
            (select max(event.position) from classpulse.events as event)
        ) / 1000000000
    );
begin
    execute format(
        'alter table classpulse.events add constraint events_bound check (position < %s) not valid',
        bound
    );
end
$$;
