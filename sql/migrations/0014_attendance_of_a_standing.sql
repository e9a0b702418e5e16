-- A new attendance row has its standing's sessions counted: from the index alone, not from a page
-- of the table for each day of the year.
create index if not exists attendance_of_a_standing
on public.attendance (student_id, section_id) include (status);
