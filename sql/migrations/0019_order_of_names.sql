-- A list of students is read in the order of these, from its first row on. What follows the first
-- 100 characters of a key is compared where two share them; a key as a whole may be too long for an
-- index.
create index if not exists student_names_by_name
on classpulse.student_names (left(by_name, 100));
create index if not exists student_names_by_last_name
on classpulse.student_names (left(by_last_name, 100));

-- Every standing has a place in the lists, if only the first until its student is named.
insert into classpulse.student_names (student_id, basis, by_name, by_last_name, words, number)
select distinct standing.student_id, 0, '', '', '', ''
from public.student_performance_summaries as standing
on conflict (student_id) do nothing;
