-- Makes the history's part of this quarter and of the next, where there is none; the number made.
-- Rows of a quarter that the rest holds already stay there.
create or replace function classpulse.lengthen_history() returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    first date;
    name text;
    made integer := 0;
begin
    foreach first in array array[
        date_trunc('quarter', timezone('UTC', clock_timestamp()))::date,
        (date_trunc('quarter', timezone('UTC', clock_timestamp())) + interval '3 months')::date
    ] loop
        name := 'history_' || to_char(first, 'YYYY"q"Q');
        continue when to_regclass('classpulse.' || name) is not null;
        perform set_config('lock_timeout', '10ms', true);
        continue when exists (
            select from classpulse.history_rest as row
            where row.at >= timezone('UTC', first::timestamp)
                and row.at < timezone('UTC', first + interval '3 months')
        );
        execute format(
            'create table classpulse.%I partition of classpulse.history'
            ' for values from (%L) to (%L)',
            name, timezone('UTC', first::timestamp), timezone('UTC', first + interval '3 months')
        );
        made := made + 1;
    end loop;
    return made;
end
$$;
