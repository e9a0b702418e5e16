create or replace trigger classpulse_touch before update on public.subjects
for each row execute function classpulse.touch();
alter table public.subjects enable always trigger classpulse_touch;
select classpulse.install_capture('public.subjects', 'row');
