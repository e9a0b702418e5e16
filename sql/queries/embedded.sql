-- name: create_database
create database classpulse;

-- name: rename_owner
-- Of a folder whose superuser has the name of the machinery's schema: "$user" in a search_path led
-- there. Saved addresses with the old name go on working: they act as the new one.
-- Read by postgres --single, to which a semicolon and an empty line end a statement.
do $$
begin
    if (select rolname <> 'classpulse' from pg_roles where oid = 10) then
        return;
    end if;
    -- nobody may rename their session's role
    create role classpulse_renaming superuser;
    set session authorization classpulse_renaming;
    alter role classpulse rename to classpulse_owner;
    set session authorization classpulse_owner;
    drop role classpulse_renaming;
    create role classpulse login in role classpulse_owner;
    execute format(
        'alter role classpulse password %L',
        (select rolpassword from pg_authid where rolname = 'classpulse_owner')
    );
    alter role classpulse set role = classpulse_owner;
    alter role classpulse set search_path = public;
end $$;
