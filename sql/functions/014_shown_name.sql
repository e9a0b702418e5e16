-- A name as events, lists and pages carry it: at most 500 characters. Its twin for rows that are
-- gone is project/shortened.py.
create or replace function classpulse.shown_name(name text) returns text
language sql immutable parallel safe
return case
    when octet_length(name) <= 500 or char_length(name) <= 500 then name
    else left(name, 500 - char_length(classpulse.ellipsis())) || classpulse.ellipsis()
end;
