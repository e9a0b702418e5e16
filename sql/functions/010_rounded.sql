-- The one rounding of figures: half up to 2 places. The first round mends what a division that
-- does not end has cut off, so that a true tie is a tie.
create or replace function classpulse.rounded(value numeric) returns numeric
language sql immutable parallel safe
return round(round(value, 16), 2);
