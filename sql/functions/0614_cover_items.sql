-- Brings up to this snapshot which items are due, and which standings lack a mark of one: of these
-- sections and subjects (null: every one), whose items or day changed, and of these standings, whose
-- grades in a subject did. A row that is not pending is a mark. Returns the standings whose marked
-- items changed; a row without a student is a section whose counts did.
create or replace function classpulse.cover_items(
    marked_students bigint[],
    marked_sections bigint[],
    marked_subjects bigint[],
    item_sections bigint[],
    item_subjects bigint[]
)
returns table (student_id bigint, section_id bigint)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    -- items that became due, moved, or are due no more; and where that was
    items bigint[];
    place_sections bigint[];
    place_subjects bigint[];
    changed_students bigint[];
    changed_sections bigint[];
    lacking_sections bigint[];
    lacking_subjects bigint[];
begin
    if item_sections <> '{}' then
        with named as (
            select distinct asked.section_id, asked.subject_id
            from unnest(item_sections, item_subjects) as asked (section_id, subject_id)
        ), fresh as materialized (
            select distinct exam.id as exam_id, exam.section_id, exam.subject_id
            from named
            join public.sections as section on section.id = named.section_id
            cross join lateral (
                select classpulse.today_at(section.school_id) as day offset 0
            ) as today
            join public.exams as exam
                on exam.section_id = named.section_id
                and exam.subject_id between coalesce(named.subject_id, -9223372036854775808)
                and coalesce(named.subject_id, 9223372036854775807)
                and coalesce(exam.due_on, exam.exam_date) <= today.day
        ), stored as materialized (
            select distinct due.exam_id, due.section_id, due.subject_id
            from named
            join classpulse.due_items as due
                on due.section_id = named.section_id
                and due.subject_id between coalesce(named.subject_id, -9223372036854775808)
                and coalesce(named.subject_id, 9223372036854775807)
        ), step as materialized (
            select differing.*, 1 as sign
            from (select * from fresh except select * from stored) as differing
            union all
            select differing.*, -1
            from (select * from stored except select * from fresh) as differing
        ), gone as (
            delete from classpulse.due_items as due
            using step
            where step.sign < 0
                and due.exam_id = step.exam_id
                and not exists (
                    select from step as again
                    where again.sign > 0 and again.exam_id = step.exam_id
                )
        ), came as (
            insert into classpulse.due_items as due (exam_id, section_id, subject_id)
            select step.exam_id, step.section_id, step.subject_id
            from step
            where step.sign > 0
            on conflict (exam_id) do update
            set section_id = excluded.section_id, subject_id = excluded.subject_id
        )
        select
            array_agg(distinct step.exam_id), array_agg(step.section_id), array_agg(step.subject_id)
        into items, place_sections, place_subjects
        from step;
    end if;

    if items is null and not exists (
        select
        from unnest(marked_sections, marked_subjects) as marked (section_id, subject_id)
        where exists (
            select from classpulse.due_items as due
            where due.section_id = marked.section_id
                and (due.subject_id = marked.subject_id or marked.subject_id is null)
        )
    ) then
        return;
    end if;

    with touched as (
        select
            named.student_id,
            named.section_id,
            coalesce(named.subject_id, -9223372036854775808) as first_subject,
            coalesce(named.subject_id, 9223372036854775807) as last_subject
        from unnest(marked_students, marked_sections, marked_subjects)
            as named (student_id, section_id, subject_id)
    ), asked as (
        select due.exam_id, enrollment.student_id, due.section_id, due.subject_id
        from unnest(items) as item (id)
        join classpulse.due_items as due on due.exam_id = item.id
        join public.enrollments as enrollment on enrollment.section_id = due.section_id
        union
        select due.exam_id, touched.student_id, due.section_id, due.subject_id
        from touched
        join public.enrollments as enrollment
            on enrollment.student_id = touched.student_id
            and enrollment.section_id = touched.section_id
        join classpulse.due_items as due
            on due.section_id = touched.section_id
            and due.subject_id between touched.first_subject and touched.last_subject
    ), fresh as materialized (
        select asked.*
        from asked
        join public.students as student on student.id = asked.student_id and student.is_active
        where not exists (
            select from public.grades as grade
            where grade.student_id = asked.student_id
                and grade.exam_id = asked.exam_id
                and grade.status <> 'pending'
        )
    ), stored as materialized (
        select lacking.exam_id, lacking.student_id, lacking.section_id, lacking.subject_id
        from unnest(items) as item (id)
        join classpulse.unmarked as lacking on lacking.exam_id = item.id
        union
        select lacking.exam_id, lacking.student_id, lacking.section_id, lacking.subject_id
        from touched
        join classpulse.unmarked as lacking
            on lacking.student_id = touched.student_id
            and lacking.section_id = touched.section_id
            and lacking.subject_id between touched.first_subject and touched.last_subject
    ), step as materialized (
        select differing.*, 1 as sign
        from (select * from fresh except select * from stored) as differing
        union all
        select differing.*, -1
        from (select * from stored except select * from fresh) as differing
    ), gone as (
        delete from classpulse.unmarked as lacking
        using step
        where step.sign < 0
            and lacking.exam_id = step.exam_id
            and lacking.student_id = step.student_id
            and not exists (
                select from step as again
                where again.sign > 0
                    and again.exam_id = step.exam_id
                    and again.student_id = step.student_id
            )
    ), came as (
        insert into classpulse.unmarked as lacking (exam_id, student_id, section_id, subject_id)
        select step.exam_id, step.student_id, step.section_id, step.subject_id
        from step
        where step.sign > 0
        on conflict (exam_id, student_id) do update
        set section_id = excluded.section_id, subject_id = excluded.subject_id
    )
    select
        array_agg(step.student_id), array_agg(step.section_id),
        array_agg(step.section_id), array_agg(step.subject_id)
    into changed_students, changed_sections, lacking_sections, lacking_subjects
    from step;
    place_sections := place_sections || lacking_sections;
    place_subjects := place_subjects || lacking_subjects;
    if place_sections is null then
        return;
    end if;

    if changed_students is not null then
        return query
        with counted as (
            update public.student_performance_summaries as summary set
                unmarked_items = fresh.n,
                updated_at = clock_timestamp()
            from (
                select distinct named.student_id, named.section_id
                from unnest(changed_students, changed_sections)
                    as named (student_id, section_id)
            ) as standing
            cross join lateral (
                select count(*)::integer as n
                from classpulse.unmarked as lacking
                where lacking.student_id = standing.student_id
                    and lacking.section_id = standing.section_id
            ) as fresh
            where summary.student_id = standing.student_id
                and summary.section_id = standing.section_id
                and summary.unmarked_items <> fresh.n
            returning summary.student_id, summary.section_id
        )
        select counted.student_id, counted.section_id
        from counted
        where exists (
            select
            from unnest(marked_students, marked_sections) as marked (student_id, section_id)
            where marked.student_id = counted.student_id
                and marked.section_id = counted.section_id
        );
    end if;
    if items is not null then
        -- who has a mark of an item has another count of marked ones now
        return query
        select distinct grade.student_id, grade.section_id
        from unnest(items) as item (id)
        join public.grades as grade on grade.exam_id = item.id and grade.status <> 'pending';
    end if;

    return query
    with place as (
        select distinct named.section_id, named.subject_id
        from unnest(place_sections, place_subjects) as named (section_id, subject_id)
        union
        select named.section_id, null from unnest(place_sections) as named (section_id)
    ), counted as (
        update public.performance_cache as figures set
            due_items = fresh.due,
            marked_items = fresh.marked,
            updated_at = clock_timestamp()
        from place
        cross join lateral (
            select
                count(*)::integer as due,
                count(*) filter (where not exists (
                    select from classpulse.unmarked as lacking
                    where lacking.exam_id = due.exam_id
                ))::integer as marked
            from classpulse.due_items as due
            where due.section_id = place.section_id
                and (place.subject_id is null or due.subject_id = place.subject_id)
        ) as fresh
        where figures.section_id = place.section_id
            and figures.subject_id is not distinct from place.subject_id
            and (figures.due_items, figures.marked_items)
            is distinct from (fresh.due, fresh.marked)
        returning figures.section_id
    )
    select distinct null::bigint, counted.section_id from counted;
end
$$;
