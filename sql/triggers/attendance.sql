create or replace trigger classpulse_touch before update on public.attendance
for each row execute function classpulse.touch();
alter table public.attendance enable always trigger classpulse_touch;
create or replace trigger classpulse_derive before insert or update on public.attendance
for each row when (new.period is null) execute function classpulse.derive_attendance();
alter table public.attendance enable always trigger classpulse_derive;
create or replace trigger classpulse_remember before truncate on public.attendance
for each statement execute function classpulse.remember_truncate('attendance');
alter table public.attendance enable always trigger classpulse_remember;
select classpulse.install_capture('public.attendance', 'section');
