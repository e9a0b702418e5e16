create or replace trigger classpulse_touch before update on public.grading_policies
for each row execute function classpulse.touch();
alter table public.grading_policies enable always trigger classpulse_touch;
create or replace trigger classpulse_check before insert or update on public.grading_policies
for each row execute function classpulse.check_policy();
alter table public.grading_policies enable always trigger classpulse_check;
select classpulse.install_capture('public.grading_policies', 'row');
