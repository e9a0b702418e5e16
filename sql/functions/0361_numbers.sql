-- Text as a whole number that an id can be, or as a number; null for any other text. (As written
-- these are calculated in place, without a call.)
create or replace function classpulse.whole_number(written text) returns bigint
language sql immutable parallel safe
return case when written ~ '^-?\d{1,18}$' then written::bigint end;

create or replace function classpulse.decimal_number(written text) returns numeric
language sql immutable parallel safe
return case
    when length(written) < 1000 and written ~ '^-?\d+(\.\d+)?([eE][-+]?\d{1,3})?$'
        then written::numeric
end;
