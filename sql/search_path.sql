-- The machinery stands in nobody's search_path, or an unqualified CREATE TABLE would land in it and
-- go with it. "$user" leads there where a role has the schema's name.
do $$
declare
    roles_path text;
    others_path text;
    setting record;
begin
    if to_regrole('classpulse') is not null then
        -- the most particular setting wins: of the role, then of the database
        select substring(config from '^search_path=(.*)$') into roles_path
        from pg_db_role_setting as s
        cross join unnest(s.setconfig) as config
        where config like 'search\_path=%'
            and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
            and s.setrole in (0, to_regrole('classpulse'))
        order by s.setrole desc, s.setdatabase desc
        limit 1;
        roles_path := coalesce(roles_path, (
            -- the server's configuration, as this session began with it
            select case when current_user = 'classpulse' then reset_val else boot_val end
            from pg_settings
            where name = 'search_path'
        ));
        select string_agg(quote_ident(element), ', ' order by position)
            filter (where element not in ('$user', 'classpulse'))
        into others_path
        from unnest(string_to_array(roles_path, ',')) with ordinality as given (part, position)
        cross join trim(both ' "' from part) as element;
        if roles_path ~ '\$user|\mclasspulse\M' then
            begin
                execute format(
                    'alter role classpulse in database %I set search_path = %s',
                    current_database(), coalesce(others_path, 'public')
                );
            exception when insufficient_privilege then
                raise warning 'tables that the role classpulse creates land in the machinery: as this role or a superuser, alter role classpulse in database % set search_path = %',
                    quote_ident(current_database()), coalesce(others_path, 'public');
            end;
        end if;
    end if;

    for setting in
        select
            coalesce('role ' || quote_ident(r.rolname), 'database ' || quote_ident(d.datname)) as owner
        from pg_db_role_setting as s
        cross join unnest(s.setconfig) as config
        left join pg_roles as r on r.oid = s.setrole
        left join pg_database as d on d.oid = s.setdatabase
        where config ~ '^search_path=.*\mclasspulse\M'
            and (s.setdatabase = 0 or d.datname = current_database())
            and r.rolname is distinct from 'classpulse'
    loop
        raise warning 'the search_path of % names the schema classpulse, which is the machinery''s: take it out',
            setting.owner;
    end loop;
end $$;
