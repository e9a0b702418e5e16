-- The date of a grade: that of its grading, else its item's, else the day on which it was written at
-- the school; without any it counts from the beginning. (As written it is calculated in place.)
create or replace function classpulse.dated(
    graded_on date, exam_date date, created_at timestamptz, zone text
) returns date
language sql stable parallel safe
return coalesce(graded_on, exam_date, (created_at at time zone zone)::date, '-infinity');
