create or replace function classpulse.revoke_strange_grants() returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    strange record;
begin
    for strange in select distinct act from classpulse.strange_grants loop
        execute strange.act;
    end loop;
end
$$;
