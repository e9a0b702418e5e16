create or replace trigger classpulse_touch before update on public.sections
for each row execute function classpulse.touch();
alter table public.sections enable always trigger classpulse_touch;
select classpulse.install_capture('public.sections', 'row');
