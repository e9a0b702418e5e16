-- A category's section and subject are of its school, and what is in it can be.
create or replace function classpulse.check_category() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    misfit text;
begin
    new.school_id := coalesce(
        new.school_id, classpulse.school_of_place(new.section_id, new.subject_id)
    );
    new.drop_lowest := coalesce(new.drop_lowest, 0);
    new.drop_highest := coalesce(new.drop_highest, 0);
    misfit := classpulse.place_misfit(
        new.school_id, 'category', new.section_id, new.subject_id
    );
    if misfit is null and tg_op = 'UPDATE' and (old.school_id, old.section_id, old.subject_id)
        is distinct from (new.school_id, new.section_id, new.subject_id)
    then
        select format(
            'category %s (%s) holds %s %s of section %s and subject %s: move it first',
            new.id, classpulse.shown_name(new.name), item.kind, item.id, item.section_id,
            item.subject_id
        )
        into misfit
        from (
            select 'exam' as kind, exam.id, exam.section_id, exam.subject_id
            from public.exams as exam where exam.category_id = new.id
            union all
            select 'grade', grade.id, grade.section_id, grade.subject_id
            from public.grades as grade where grade.category_id = new.id
        ) as item
        left join public.sections as section on section.id = item.section_id
        where item.section_id <> new.section_id
            or item.subject_id <> new.subject_id
            or section.school_id <> new.school_id
        order by item.kind, item.id
        limit 1;
    end if;
    if misfit is not null then
        raise exception using errcode = 'check_violation', message = misfit;
    end if;
    return new;
end
$$;
