create or replace trigger classpulse_touch before update on public.supports
for each row execute function classpulse.touch();
alter table public.supports enable always trigger classpulse_touch;
create or replace trigger classpulse_check before insert or update on public.supports
for each row execute function classpulse.check_support();
alter table public.supports enable always trigger classpulse_check;
select classpulse.install_capture('public.supports', 'row');
