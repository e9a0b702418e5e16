create or replace trigger classpulse_touch before update on public.grading_policies
for each row execute function classpulse.touch();
create or replace trigger classpulse_check before insert or update on public.grading_policies
for each row execute function classpulse.check_policy();
select classpulse.install_capture('public.grading_policies', 'row');
