create or replace trigger classpulse_touch before update on public.enrollments
for each row execute function classpulse.touch();
select classpulse.install_capture('public.enrollments', 'section');
