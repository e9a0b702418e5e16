-- Which grades a changed category concerns; of those of exams the exam tells it.
create index if not exists grades_of_a_category
on public.grades (category_id) where category_id is not null;
