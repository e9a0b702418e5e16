-- A fraction of whole numbers to so many places that it is rounded as the fraction itself would be:
-- none comes closer to half a hundredth, without being it, than its denominator lets it.
create or replace function classpulse.quotient(numerator numeric, denominator numeric)
returns numeric
language sql immutable strict parallel safe
return case
    when denominator < 10000000000000000000
        then round(numerator * 1.000000000000000000000000 / denominator, 24)
    else classpulse.long_quotient(numerator, denominator, length(denominator::text) + 24)
end;
