create or replace function classpulse.derive_exam() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    new.total_marks := coalesce(new.total_marks, 100);
    return new;
end
$$;
