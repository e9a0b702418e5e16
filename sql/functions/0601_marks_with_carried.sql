-- Marked standings, and those of the same students that count their grades of sections which they
-- have left: of what is marked, of a subject whose rule changed there, of a whole section. Asked
-- only where any section carries grades over. None is named twice, alone or by its null.
create or replace function classpulse.marks_with_carried(
    marked_students bigint[],
    marked_sections bigint[],
    marked_subjects bigint[],
    ruled_sections bigint[],
    ruled_subjects bigint[],
    whole_sections bigint[]
)
returns table (student_id bigint, section_id bigint, subject_id bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
    with marked as (
        select given.student_id, given.section_id, given.subject_id
        from unnest(marked_students, marked_sections, marked_subjects)
            as given (student_id, section_id, subject_id)
    ), earned as (
        select marked.* from marked
        union
        select grade.student_id, grade.section_id, grade.subject_id
        from unnest(ruled_sections, ruled_subjects) as ruled (section_id, subject_id)
        join public.grades as grade
            on grade.section_id = ruled.section_id and grade.subject_id = ruled.subject_id
        union
        select grade.student_id, grade.section_id, grade.subject_id
        from unnest(whole_sections) as whole (section_id)
        join public.grades as grade on grade.section_id = whole.section_id
    ), named as (
        select
            touched.*,
            bool_or(touched.subject_id is null)
                over (partition by touched.student_id, touched.section_id) as is_whole
        from (
            select marked.* from marked
            union
            select earned.student_id, enrollment.section_id, earned.subject_id
            from earned
            join public.enrollments as enrollment
                on enrollment.student_id = earned.student_id
                and enrollment.section_id <> earned.section_id
            join public.performance_cache as whole
                on whole.section_id = enrollment.section_id
                and whole.subject_id is null
                and whole.carries
        ) as touched
    )
    select named.student_id, named.section_id, named.subject_id
    from named
    where named.subject_id is null or not named.is_whole
$$;
