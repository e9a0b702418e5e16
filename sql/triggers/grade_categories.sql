create or replace trigger classpulse_touch before update on public.grade_categories
for each row execute function classpulse.touch();
alter table public.grade_categories enable always trigger classpulse_touch;
create or replace trigger classpulse_check before insert or update on public.grade_categories
for each row execute function classpulse.check_category();
alter table public.grade_categories enable always trigger classpulse_check;
select classpulse.install_capture('public.grade_categories', 'row');
