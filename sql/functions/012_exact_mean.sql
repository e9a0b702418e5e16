-- sum / count to 24 places; none of nothing.
create or replace function classpulse.exact_mean(total numeric, n bigint) returns numeric
language sql immutable parallel safe
return case when n > 0 then round(total * 1.000000000000000000000000 / n, 24) end;
