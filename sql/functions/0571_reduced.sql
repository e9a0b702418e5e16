-- A fraction of whole numbers in its lowest terms; none of nothing.
create or replace function classpulse.reduced(
    part numeric, whole numeric, out numerator numeric, out denominator numeric
)
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    unit numeric;
    common numeric;
begin
    if whole is null or whole <= 0 then
        return;
    end if;
    unit := 10 ^ greatest(min_scale(part), min_scale(whole));
    common := gcd(trunc(part * unit), trunc(whole * unit));
    numerator := div(trunc(part * unit), common);
    denominator := div(trunc(whole * unit), common);
end
$$;
