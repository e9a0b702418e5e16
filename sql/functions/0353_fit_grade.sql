-- A grade is in the category of its exam; one without an exam in one that its section and subject
-- may use.
create or replace function classpulse.fit_grade() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    exam record;
    misfit text;
begin
    if new.exam_id is not null then
        -- a category that is being deleted is none any more
        select e.name, category.id as category_id into exam
        from public.exams as e
        left join public.grade_categories as category on category.id = e.category_id
        where e.id = new.exam_id;
        if found then
            if new.category_id is not null
                and new.category_id is distinct from exam.category_id
                and (tg_op = 'INSERT' or new.category_id is distinct from old.category_id)
            then
                raise exception using
                    errcode = 'check_violation',
                    message = format(
                        'exam %s (%s) is in %s, so a grade of it can''t be in category %s',
                        new.exam_id, classpulse.shown_name(exam.name),
                        coalesce('category ' || exam.category_id, 'no category'), new.category_id
                    ),
                    hint = 'leave category_id out, or give the exam another category';
            end if;
            new.category_id := exam.category_id;
        end if;
    else
        misfit := classpulse.category_misfit(
            new.category_id, 'a grade', new.section_id, new.subject_id
        );
        if misfit is not null then
            raise exception using errcode = 'check_violation', message = misfit;
        end if;
    end if;
    return new;
end
$$;
