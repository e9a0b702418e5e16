-- True if every change of the school's tables would be captured now, and shown.
create or replace function classpulse.capture_is_intact() returns boolean
language sql stable set search_path = pg_catalog, pg_temp
return not exists (select from classpulse.missing_triggers)
    and not exists (select from classpulse.misbound_views)
    and not exists (select from classpulse.hidden_tables);
