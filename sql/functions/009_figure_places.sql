-- To how many places a figure of so many decimal places is carried: far beyond each that was given,
-- and one of a few numbers, so that sums of figures tell where their divisions were cut off.
create or replace function classpulse.figure_places(places integer) returns integer
language sql immutable strict parallel safe
return case
    when places <= 24 then 24
    when places <= 64 then 64
    when places <= 256 then 256
    else 1024
end;
