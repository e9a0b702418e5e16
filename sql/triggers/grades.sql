create or replace trigger classpulse_touch before update on public.grades
for each row execute function classpulse.touch();
alter table public.grades enable always trigger classpulse_touch;
create or replace trigger classpulse_derive_insert before insert on public.grades
for each row when (
    new.section_id is null or new.subject_id is null or new.total_marks is null
    or new.status is null
) execute function classpulse.derive_grade();
alter table public.grades enable always trigger classpulse_derive_insert;
create or replace trigger classpulse_derive_update before update on public.grades
for each row when (
    new.section_id is null or new.subject_id is null or new.total_marks is null
    or new.status is null or (new.score is null) <> (old.score is null)
) execute function classpulse.derive_grade();
alter table public.grades enable always trigger classpulse_derive_update;
select classpulse.install_capture('public.grades', 'section');
