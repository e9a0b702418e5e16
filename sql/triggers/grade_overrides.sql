create or replace trigger classpulse_touch before update on public.grade_overrides
for each row execute function classpulse.touch();
alter table public.grade_overrides enable always trigger classpulse_touch;
create or replace trigger classpulse_check before insert or update on public.grade_overrides
for each row execute function classpulse.check_override();
alter table public.grade_overrides enable always trigger classpulse_check;
create or replace trigger classpulse_remember before truncate on public.grade_overrides
for each statement execute function classpulse.remember_truncate('grade_overrides');
alter table public.grade_overrides enable always trigger classpulse_remember;
select classpulse.install_capture('public.grade_overrides', 'section');
