-- sum / count, as exact as its figures; none of nothing.
create or replace function classpulse.exact_mean(total numeric, n bigint) returns numeric
language sql immutable parallel safe
return case
    when n > 0 then
        case
            when min_scale(total) <= 24 then round(total * 1.000000000000000000000000 / n, 24)
            else classpulse.long_quotient(total, n, min_scale(total))
        end
end;
