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
create or replace trigger classpulse_fit_insert before insert on public.grades
for each row when (
    new.category_id is not null
    or (
        new.exam_id is not null
        and pg_sequence_last_value('classpulse.has_categories'::regclass) = 1
    )
) execute function classpulse.fit_grade();
alter table public.grades enable always trigger classpulse_fit_insert;
create or replace trigger classpulse_fit_update before update on public.grades
for each row when (
    new.exam_id is distinct from old.exam_id
    or new.category_id is distinct from old.category_id
    or (
        new.category_id is not null
        and (
            new.section_id is distinct from old.section_id
            or new.subject_id is distinct from old.subject_id
        )
    )
) execute function classpulse.fit_grade();
alter table public.grades enable always trigger classpulse_fit_update;
create or replace trigger classpulse_remember before truncate on public.grades
for each statement execute function classpulse.remember_truncate('grades');
alter table public.grades enable always trigger classpulse_remember;
select classpulse.install_capture('public.grades', 'section');
