-- A remark as events, lists and pages carry it: at most 2,000 characters.
create or replace function classpulse.shown_remark(remark text) returns text
language sql immutable parallel safe
return case
    when octet_length(remark) <= 2000 or char_length(remark) <= 2000 then remark
    else left(remark, 2000 - char_length(classpulse.ellipsis())) || classpulse.ellipsis()
end;
