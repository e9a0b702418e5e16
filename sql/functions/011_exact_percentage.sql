-- part / whole * 100, exact but for what figure_places() cuts off; none of nothing. Scores and
-- totals as people write them need 24 places, long decimals more.
create or replace function classpulse.exact_percentage(part numeric, whole numeric) returns numeric
language sql immutable parallel safe
return case
    when whole > 0 then
        case
            when min_scale(part) + min_scale(whole) <= 8
                then round(part * 100.000000000000000000000000 / whole, 24)
            else classpulse.long_quotient(part * 100, whole, min_scale(part) + min_scale(whole) + 24)
        end
end;
