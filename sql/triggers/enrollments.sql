create or replace trigger classpulse_touch before update on public.enrollments
for each row execute function classpulse.touch();
alter table public.enrollments enable always trigger classpulse_touch;
select classpulse.install_capture('public.enrollments', 'section');
