-- What a writer left out of an item has its default, an explicit null too.
create or replace function classpulse.derive_exam() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    new.total_marks := coalesce(new.total_marks, 100);
    new.counts := coalesce(new.counts, true);
    new.extra_credit := coalesce(new.extra_credit, false);
    new.never_drop := coalesce(new.never_drop, false);
    return new;
end
$$;
