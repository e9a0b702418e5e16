-- Brings the cached figures up to the base rows of this snapshot.
--   pairs      standings (student and section go together)
--   students   every standing of these
--   sections   every standing of these, all subjects
--   exam_sections  sections whose set of subjects may have changed
-- Returns the standings that changed; a row without a student is a section whose figures did.
create or replace function classpulse.fold(
    pair_students bigint[],
    pair_sections bigint[],
    students bigint[],
    sections bigint[],
    exam_sections bigint[]
)
returns table (student_id bigint, section_id bigint)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    touched_students bigint[];
    touched_sections bigint[];
    new_sections bigint[];
    known_sections bigint[];
begin
    select array_agg(touched.student_id), array_agg(touched.section_id)
    into touched_students, touched_sections
    from (
        select pair.student_id, pair.section_id
        from unnest(pair_students, pair_sections) as pair (student_id, section_id)
        union
        select enrollment.student_id, enrollment.section_id
        from public.enrollments as enrollment
        where enrollment.student_id = any(students)
        union
        select summary.student_id, summary.section_id
        from public.student_performance_summaries as summary
        where summary.student_id = any(students)
        union
        select enrollment.student_id, enrollment.section_id
        from public.enrollments as enrollment
        where enrollment.section_id = any(sections)
        union
        select summary.student_id, summary.section_id
        from public.student_performance_summaries as summary
        where summary.section_id = any(sections)
    ) as touched;

    -- A session keeps one plan, made perhaps when the tables were empty: right for a few standings,
    -- for thousands it would read whole tables again and again. Those deserve a plan of their own.
    perform set_config(
        'plan_cache_mode',
        case when cardinality(touched_students) > 1000
            then 'force_custom_plan' else 'force_generic_plan' end,
        true
    );

    known_sections := array(
        select unnest(touched_sections) union select unnest(sections) union select unnest(exam_sections)
    );
    new_sections := array(
        select unnest(known_sections)
        except
        select figures.section_id from public.performance_cache as figures
        where figures.section_id = any(known_sections) and figures.subject_id is null
    );
    -- reading a scale costs more than most batches have to do
    if cardinality(new_sections) > 0 then
        insert into public.performance_cache (section_id, pass_mark, letters, minimums)
        select policy.section_id, policy.pass_mark, policy.letters, policy.minimums
        from classpulse.section_policies as policy
        where policy.section_id = any(new_sections)
        on conflict on constraint performance_cache_one_per_section_and_subject do nothing;
    end if;

    delete from public.performance_cache as figures
    where figures.section_id = any(known_sections)
        and not exists (
            select from public.sections as section where section.id = figures.section_id
        );

    if touched_students is not null then
        perform classpulse.recompute_subjects(touched_students, touched_sections);
        return query
        select changed.student_id, changed.section_id
        from classpulse.recompute_summaries(touched_students, touched_sections) as changed;
    end if;
    return query
    select distinct null::bigint, changed.section_id
    from classpulse.refresh_figures(known_sections) as changed;
end
$$;
