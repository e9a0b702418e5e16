-- A quotient to as many places as figures of so many decimal places are carried.
create or replace function classpulse.long_quotient(part numeric, whole numeric, places integer)
returns numeric
language sql immutable strict parallel safe
return round(
    round(part, classpulse.figure_places(places)) / whole, classpulse.figure_places(places)
);
