create or replace trigger classpulse_touch before update on public.terms
for each row execute function classpulse.touch();
alter table public.terms enable always trigger classpulse_touch;
select classpulse.install_capture('public.terms', 'row');
