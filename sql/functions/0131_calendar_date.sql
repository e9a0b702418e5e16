-- A date as calendars know it: one beyond them, as infinity, is none. (As written it is calculated in
-- place, without a call.)
create or replace function classpulse.calendar_date(written date) returns date
language sql immutable parallel safe
return case when written between '0001-01-02' and '9999-12-30' then written end;
