-- The one rounding of figures: half up to 2 places. A division that does not end was cut off at
-- figure_places(); the first round, one place before, makes a true tie a tie again and leaves
-- every digit that was given. (plpgsql: inlined, its argument would be calculated twice.)
create or replace function classpulse.rounded(value numeric) returns numeric
language plpgsql immutable strict parallel safe
as $$
begin
    if pg_catalog.scale(value) <= 24 then
        return pg_catalog.round(pg_catalog.round(value, 23), 2);
    end if;
    return pg_catalog.round(
        pg_catalog.round(value, classpulse.figure_places(pg_catalog.scale(value)) - 1), 2
    );
end
$$;
