-- The sign of something cut off, in an encoding that may not have it.
create or replace function classpulse.ellipsis() returns text
language plpgsql immutable parallel safe
as $$
begin
    if getdatabaseencoding() = 'UTF8' then
        return chr(8230);
    end if;
    return '...';
end
$$;
