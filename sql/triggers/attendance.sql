create or replace trigger classpulse_touch before update on public.attendance
for each row execute function classpulse.touch();
alter table public.attendance enable always trigger classpulse_touch;
create or replace trigger classpulse_derive before insert or update on public.attendance
for each row when (new.period is null) execute function classpulse.derive_attendance();
alter table public.attendance enable always trigger classpulse_derive;
select classpulse.install_capture('public.attendance', 'section');
