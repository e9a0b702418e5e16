-- Drops the parts of the history that are older than the retention, and deletes what is older of
-- the others, up to a bound; whether there may be more.
create or replace function classpulse.shorten_history(retention interval) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    before constant timestamptz := clock_timestamp() - retention;
    part text;
    gone integer;
begin
    perform set_config('lock_timeout', '10ms', true);
    for part in
        select c.relname
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'classpulse.history'::regclass
            and c.relname ~ '^history_\d{4}q\d$'
            and timezone(
                'UTC',
                make_date(substr(c.relname, 9, 4)::integer, 3 * substr(c.relname, 14)::integer, 1)
                + interval '1 month'
            ) <= before
    loop
        execute format('drop table classpulse.%I', part);
    end loop;
    delete from classpulse.history as row
    where (row.at, row.id) in (
        select old.at, old.id from classpulse.history as old
        where old.at < before
        order by old.at
        limit 1000
    );
    get diagnostics gone = row_count;
    return gone = 1000;
end
$$;
