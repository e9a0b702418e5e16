-- The e-mail says who a principal or an admin is: who may not set a role may not hand one on either.
-- Not security definer: it asks what the writer may do.
create or replace function classpulse.guard_email() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if not has_column_privilege(tg_relid, 'role', 'update') then
        raise insufficient_privilege using message = format(
            'the e-mail of educator %s stays as it is: a tool that may not set a role may not change'
            ' the e-mail of a %s', old.id, old.role
        );
    end if;
    return new;
end
$$;
