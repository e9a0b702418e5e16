-- A changed total moves the grades that still hold the old one, a changed category all of them.
-- First it waits for the grades being written with the old one, which hold the key of their exam; in
-- the order of the ids, as everybody does. Section and subject follow by the foreign key, but for a session that switched it off.
create or replace function classpulse.move_grades() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- a table of another name by now: it was exchanged for a new one
    if tg_relid is distinct from to_regclass('public.exams') then
        return null;
    end if;
    perform
    from public.exams as exam
    where exam.id in (
        select after.id
        from old_rows as before
        join new_rows as after on after.id = before.id
            and (
                after.total_marks <> before.total_marks
                or after.category_id is distinct from before.category_id
            )
    )
    order by exam.id
    for update;
    if found then
        update public.grades as grade
        set total_marks = after.total_marks
        from old_rows as before
        join new_rows as after on after.id = before.id and after.total_marks <> before.total_marks
        where grade.exam_id = after.id and grade.total_marks = before.total_marks;
        update public.grades as grade
        set category_id = after.category_id
        from old_rows as before
        join new_rows as after
            on after.id = before.id and after.category_id is distinct from before.category_id
        where grade.exam_id = after.id and grade.category_id is distinct from after.category_id;
    end if;

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
