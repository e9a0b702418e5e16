-- Sets each sequence that was left behind (of one table, where given) past the highest id, and says
-- which. The table's writers are kept out for that moment, or it could be set back below an id that
-- one of them draws.
create or replace function classpulse.advance_sequences(of_table regclass default null)
returns setof text
language plpgsql set search_path = pg_catalog, pg_temp set lock_timeout = '1s'
as $$
declare
    behind record;
    highest bigint;
begin
    for behind in
        select * from classpulse.sequences_behind() as found
        where found.relation = of_table or of_table is null
    loop
        execute format('lock table %s in share row exclusive mode', behind.relation);
        execute format('select max(id) from %s', behind.relation) into highest;
        execute format(
            'select setval(%L, %s) where %s >= (select last_value from %s)',
            behind.sequence, highest, highest, behind.sequence
        );
        return next format(
            '%s had rows up to id %s and the next id at %s: its sequence is set forward',
            behind.relation, highest, behind.next_id
        );
    end loop;
end
$$;
