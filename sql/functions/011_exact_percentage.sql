-- part / whole * 100 to 24 places; none of nothing.
create or replace function classpulse.exact_percentage(part numeric, whole numeric) returns numeric
language sql immutable parallel safe
return case
    when whole > 0 then round(part * 100.000000000000000000000000 / whole, 24)
end;
