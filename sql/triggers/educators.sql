create or replace trigger classpulse_touch before update on public.educators
for each row execute function classpulse.touch();
alter table public.educators enable always trigger classpulse_touch;

create or replace trigger classpulse_account before insert or update on public.educators
for each row when (new.account_id is null) execute function classpulse.give_account();
create or replace trigger classpulse_email before update on public.educators
for each row when (old.role <> 'educator' and lower(old.email) <> lower(new.email))
execute function classpulse.guard_email();
create or replace trigger classpulse_first_session after insert on public.educators
for each row execute function classpulse.educator_changes();
create or replace trigger classpulse_sessions after update on public.educators
for each row when (
    old.role <> new.role or old.is_active <> new.is_active or old.id <> new.id
    or old.account_id <> new.account_id
) execute function classpulse.educator_changes();
-- for every writer, and in every replication role
alter table public.educators
enable always trigger classpulse_account,
enable always trigger classpulse_email,
enable always trigger classpulse_first_session,
enable always trigger classpulse_sessions;

select classpulse.install_capture('public.educators', 'row');
