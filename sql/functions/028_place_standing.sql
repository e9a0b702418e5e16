-- A new standing is in the lists at once, at their beginning until its student is named: they read
-- standings by the index of names.
create or replace function classpulse.place_standing() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into classpulse.student_names (
        student_id, basis, by_name, by_last_name, words, number
    )
    values (new.student_id, 0, '', '', '', '')
    on conflict (student_id) do nothing;
    return null;
end
$$;
