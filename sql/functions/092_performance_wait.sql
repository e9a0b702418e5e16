-- Returns once everything that was committed before the call is in the figures. It commits
-- between its looks, so it must be called outside a transaction block. While a section is set aside
-- it fails once everything else is in.
create or replace procedure public.performance_wait(timeout interval default '30 s')
language plpgsql
as $$
declare
    asked_at timestamptz := clock_timestamp();
    at_snapshot pg_snapshot;
    folded_at timestamptz;
begin
    if timeout is null or timeout < interval '0' then
        raise exception 'timeout must be an interval like ''30 s''';
    end if;
    -- in a transaction block this fails, at once and always
    commit;
    at_snapshot := pg_current_snapshot();
    loop
        if classpulse.is_folded_in(at_snapshot, coalesce(folded_at, asked_at)) then
            -- a folded change of a policy leaves sections to be calculated again: wait for them, too
            exit when folded_at is not null;
            folded_at := clock_timestamp();
            continue;
        end if;
        if clock_timestamp() > asked_at + timeout then
            raise exception using
                errcode = 'query_canceled',
                message = format('the figures were not up to date within %s', timeout),
                hint = 'is a classpulse server running?';
        end if;
        commit;
        perform pg_sleep(0.02);
    end loop;
end
$$;
