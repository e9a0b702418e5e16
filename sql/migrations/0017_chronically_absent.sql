-- Who is chronically absent is counted by every overview, each student once.
create index if not exists student_performance_summaries_of_the_absent
on public.student_performance_summaries (section_id, student_id) where chronically_absent;
