create or replace trigger classpulse_touch before update on public.students
for each row execute function classpulse.touch();
alter table public.students enable always trigger classpulse_touch;
select classpulse.install_capture('public.students', 'student');
