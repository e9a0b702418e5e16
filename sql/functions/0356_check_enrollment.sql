-- An enrollment ends after it starts.
create or replace function classpulse.check_enrollment() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'check_violation',
        message = format(
            'student %s can''t be in section %s until %s, for they start there on %s: '
            'ends_on must not be before starts_on',
            new.student_id, new.section_id, to_char(new.ends_on, 'YYYY-MM-DD'),
            to_char(new.starts_on, 'YYYY-MM-DD')
        );
end
$$;
