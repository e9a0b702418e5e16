-- fold(), and figures_told() of what is asked for and of the sections that changed. The standings
-- that changed come first, as rows of the kind 'changed'.
drop function if exists classpulse.fold_and_tell(
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[],
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[],
    bigint[], bigint[]
);
drop function if exists classpulse.fold_and_tell(
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[],
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[],
    bigint[], bigint[], bigint[], bigint[], bigint[]
);
create or replace function classpulse.fold_and_tell(
    marked_students bigint[],
    marked_sections bigint[],
    marked_subjects bigint[],
    registered_students bigint[],
    registered_sections bigint[],
    whole_students bigint[],
    whole_sections bigint[],
    exam_sections bigint[],
    exam_subjects bigint[],
    ruled_sections bigint[],
    ruled_subjects bigint[],
    day_students bigint[],
    day_sections bigint[],
    days date[],
    calendar_sections bigint[],
    pair_students bigint[],
    pair_sections bigint[],
    sections bigint[],
    subject_sections bigint[],
    subject_ids bigint[],
    mark_students bigint[],
    mark_sections bigint[],
    mark_subjects bigint[],
    students bigint[],
    exams bigint[],
    subject_names bigint[],
    categories bigint[]
)
returns table (kind text, a bigint, b bigint, c bigint, body text)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    changed_students bigint[];
    changed_sections bigint[];
begin
    select array_agg(changed.student_id), array_agg(changed.section_id)
    into changed_students, changed_sections
    from classpulse.fold(
        marked_students, marked_sections, marked_subjects, registered_students,
        registered_sections, whole_students, whole_sections, exam_sections, exam_subjects,
        ruled_sections, ruled_subjects, day_students, day_sections, days, calendar_sections
    ) as changed;
    if changed_sections is not null then
        return query
        select 'changed', changed.student_id, changed.section_id, null::bigint, null::text
        from unnest(changed_students, changed_sections) as changed (student_id, section_id);
    end if;
    -- a statement of its own, which sees what the fold wrote
    return query
    select told.kind, told.a, told.b, told.c, told.body
    from classpulse.figures_told(
        pair_students, pair_sections, sections || changed_sections, subject_sections, subject_ids,
        mark_students, mark_sections, mark_subjects, students, exams, subject_names,
        categories
    ) as told;
end
$$;
