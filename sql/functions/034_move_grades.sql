-- A changed total moves the grades that still hold the old one. Section and subject follow by the
-- foreign key, but for a session that switched foreign keys off.
create or replace function classpulse.move_grades() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update public.grades as grade
    set total_marks = after.total_marks
    from old_rows as before
    join new_rows as after on after.id = before.id and after.total_marks <> before.total_marks
    where grade.exam_id = after.id and grade.total_marks = before.total_marks;

    update public.grades as grade
    set section_id = after.section_id, subject_id = after.subject_id
    from old_rows as before
    join new_rows as after
        on after.id = before.id
        and (after.section_id, after.subject_id) <> (before.section_id, before.subject_id)
    where grade.exam_id = after.id
        and (grade.section_id, grade.subject_id) = (before.section_id, before.subject_id);
    return null;
end
$$;
