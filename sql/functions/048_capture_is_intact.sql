-- True if every change of the school's tables would be captured now, and shown. (A function of this
-- language keeps its plan, and each process asks every few seconds.)
create or replace function classpulse.capture_is_intact() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    return not exists (select from classpulse.missing_triggers)
        and not exists (select from classpulse.misbound_views)
        and not exists (select from classpulse.hidden_tables);
end
$$;
