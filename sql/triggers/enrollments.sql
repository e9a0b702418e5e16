create or replace trigger classpulse_touch before update on public.enrollments
for each row execute function classpulse.touch();
alter table public.enrollments enable always trigger classpulse_touch;
create or replace trigger classpulse_check before insert or update on public.enrollments
for each row when (new.ends_on < new.starts_on) execute function classpulse.check_enrollment();
alter table public.enrollments enable always trigger classpulse_check;
create or replace trigger classpulse_remember before truncate on public.enrollments
for each statement execute function classpulse.remember_truncate('enrollments');
alter table public.enrollments enable always trigger classpulse_remember;
select classpulse.install_capture('public.enrollments', 'section');
