-- Which terms are current is asked by every request, school by school.
create index if not exists terms_of_a_school
on public.terms (school_id, starts_on, ends_on);
