create or replace trigger classpulse_touch before update on public.schools
for each row execute function classpulse.touch();
alter table public.schools enable always trigger classpulse_touch;
select classpulse.install_capture('public.schools', 'row');
