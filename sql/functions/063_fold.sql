-- Brings the cached figures up to the base rows of this snapshot. What changed says what is read:
--   marked      standings and the subject whose grades changed (null: every subject)
--   registered  standings whose attendance changed (no section: every standing of the student)
--   students    every standing of these, its grades and its attendance
--   sections    every standing of these, too, and the section's own row
--   exams       sections and the subject whose exams changed (null: every subject, and the section's
--               own row)
--   ruled       sections and the subject whose rule changed: each standing's part in it
--   days        days of attendance that changed (no section: in every standing of the student)
--   calendar    sections of another day, term or calendar than before
-- None of `marked` is named twice, alone or by its null. Returns the standings that changed; a row
-- without a student is a section whose figures did.
drop function if exists classpulse.fold(
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[]
);
drop function if exists classpulse.fold(
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[],
    bigint[], bigint[]
);
create or replace function classpulse.fold(
    marked_students bigint[],
    marked_sections bigint[],
    marked_subjects bigint[],
    registered_students bigint[],
    registered_sections bigint[],
    students bigint[],
    sections bigint[],
    exam_sections bigint[],
    exam_subjects bigint[],
    ruled_sections bigint[],
    ruled_subjects bigint[],
    day_students bigint[] default '{}',
    day_sections bigint[] default '{}',
    days date[] default '{}',
    calendar_sections bigint[] default '{}'
)
returns table (student_id bigint, section_id bigint)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    planned text;
    known_sections bigint[];
    new_sections bigint[];
    -- sections of which a register was taken, or one that was not
    taken_sections bigint[];
    whole_students bigint[];
    whole_sections bigint[];
    -- sections and subjects to derive again, and those where fewer standings have grades
    subject_sections bigint[];
    subject_ids bigint[];
    fewer_sections bigint[];
    fewer_subjects bigint[];
begin
    if students <> '{}' or sections <> '{}' or ruled_sections <> '{}' then
        select array_agg(touched.student_id), array_agg(touched.section_id)
        into whole_students, whole_sections
        from (
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
            union
            -- one whose attendance alone told that it is over
            select standing.student_id, standing.section_id
            from classpulse.subject_standings as standing
            where standing.section_id = any(sections)
        ) as touched;
        registered_students := registered_students || whole_students;
        registered_sections := registered_sections || whole_sections;
        select array_agg(named.student_id), array_agg(named.section_id), array_agg(named.subject_id)
        into marked_students, marked_sections, marked_subjects
        from (
            select
                touched.*,
                bool_or(touched.subject_id is null)
                    over (partition by touched.student_id, touched.section_id) as is_whole
            from (
                select marked.student_id, marked.section_id, marked.subject_id
                from unnest(marked_students, marked_sections, marked_subjects)
                    as marked (student_id, section_id, subject_id)
                union
                select whole.student_id, whole.section_id, null
                from unnest(whole_students, whole_sections) as whole (student_id, section_id)
                union
                select enrollment.student_id, ruled.section_id, ruled.subject_id
                from unnest(ruled_sections, ruled_subjects) as ruled (section_id, subject_id)
                join public.enrollments as enrollment
                    on enrollment.section_id = ruled.section_id
                union
                select standing.student_id, ruled.section_id, ruled.subject_id
                from unnest(ruled_sections, ruled_subjects) as ruled (section_id, subject_id)
                join classpulse.subject_standings as standing
                    on standing.section_id = ruled.section_id
                    and standing.subject_id = ruled.subject_id
            ) as touched
        ) as named
        where named.subject_id is null or not named.is_whole;
    end if;
    if exists (select from public.performance_cache as figures where figures.carries) then
        select array_agg(named.student_id), array_agg(named.section_id), array_agg(named.subject_id)
        into marked_students, marked_sections, marked_subjects
        from classpulse.marks_with_carried(
            marked_students, marked_sections, marked_subjects, ruled_sections, ruled_subjects,
            sections
        ) as named;
    end if;
    if array_position(registered_sections, null) is not null then
        select array_agg(named.student_id), array_agg(named.section_id)
        into registered_students, registered_sections
        from (
            select registered.student_id, coalesce(registered.section_id, standing.section_id)
            from unnest(registered_students, registered_sections)
                as registered (student_id, section_id)
            left join lateral (
                select enrollment.section_id
                from public.enrollments as enrollment
                where enrollment.student_id = registered.student_id
                union
                select summary.section_id
                from public.student_performance_summaries as summary
                where summary.student_id = registered.student_id
            ) as standing on registered.section_id is null
        ) as named (student_id, section_id)
        where named.section_id is not null;
    end if;

    -- A session keeps one plan, made perhaps when the tables were empty: right for a few standings,
    -- for thousands it would read whole tables again and again. Those deserve a plan of their own.
    planned := case
        when greatest(cardinality(marked_students), cardinality(registered_students)) > 1000
            then 'force_custom_plan'
        else 'force_generic_plan'
    end;
    if current_setting('plan_cache_mode') <> planned then
        perform set_config('plan_cache_mode', planned, true);
    end if;

    known_sections := marked_sections || registered_sections || sections || exam_sections
        || ruled_sections || calendar_sections;
    if cardinality(known_sections) > 1 then
        known_sections := array(select distinct unnest(known_sections));
    end if;
    -- reading a scale costs more than most batches have to do
    new_sections := array(
        select distinct known.section_id from unnest(known_sections) as known (section_id)
        where not exists (
            select from public.performance_cache as figures
            where figures.section_id = known.section_id and figures.subject_id is null
        )
    );
    if new_sections <> '{}' then
        calendar_sections := calendar_sections || new_sections;
        with created as (
            insert into public.performance_cache (
                section_id, pass_mark, letters, minimums, letter_points, carry_over, carries
            )
            select
                policy.section_id, policy.pass_mark, policy.letters, policy.minimums,
                policy.letter_points, policy.carry_over, policy.carries
            from classpulse.section_policies as policy
            where policy.section_id = any(new_sections)
            on conflict on constraint performance_cache_one_per_section_and_subject do nothing
            returning section_id
        )
        insert into classpulse.subject_policies (
            section_id, subject_id, pass_mark, letters, minimums, letter_points, carry_over
        )
        select
            policy.section_id, policy.subject_id, policy.pass_mark, policy.letters,
            policy.minimums, policy.letter_points, policy.carry_over
        from created
        join classpulse.policies_of_subjects as policy using (section_id)
        on conflict (section_id, subject_id) do nothing;
    end if;

    -- whole standings may have, or lack, any day
    whole_students := '{}';
    whole_sections := '{}';
    if array_position(marked_subjects, null) is not null then
        select
            coalesce(array_agg(marked.student_id), '{}'),
            coalesce(array_agg(marked.section_id), '{}')
        into whole_students, whole_sections
        from unnest(marked_students, marked_sections, marked_subjects)
            as marked (student_id, section_id, subject_id)
        where marked.subject_id is null;
    end if;
    if day_students <> '{}' or whole_students <> '{}' or sections <> '{}'
        or calendar_sections <> '{}'
    then
        taken_sections := array(
            select taken.section_id
            from classpulse.take_days(
                day_students, day_sections, days, whole_students, whole_sections, sections,
                calendar_sections
            ) as taken
        );
    end if;

    if cardinality(marked_students) > 0 then
        select
            array_agg(moved.section_id),
            array_agg(moved.subject_id),
            array_agg(moved.section_id) filter (where moved.standings < 0),
            array_agg(moved.subject_id) filter (where moved.standings < 0)
        into subject_sections, subject_ids, fewer_sections, fewer_subjects
        from classpulse.recompute_subjects(marked_students, marked_sections, marked_subjects)
            as moved;
    end if;
    if cardinality(marked_students) > 0 or cardinality(registered_students) > 0 then
        return query
        select changed.student_id, changed.section_id
        from classpulse.recompute_summaries(
            marked_students, marked_sections, registered_students, registered_sections
        ) as changed;
    end if;
    if taken_sections <> '{}' or calendar_sections <> '{}' then
        return query
        select null::bigint, taken.section_id
        from unnest(taken_sections) as taken (section_id)
        union all
        select changed.student_id, changed.section_id
        from classpulse.recount_days(calendar_sections, taken_sections) as changed;
    end if;

    -- whole standings may be more or fewer of a section, which each of its subjects shows
    if array_position(marked_subjects, null) is not null then
        select array_agg(known.section_id), array_agg(known.subject_id)
        into subject_sections, subject_ids
        from (
            select unnest(subject_sections), unnest(subject_ids)
            union
            select marked.section_id, null
            from unnest(marked_sections, marked_subjects) as marked (section_id, subject_id)
            where marked.subject_id is null
        ) as known (section_id, subject_id);
    end if;
    exam_sections := exam_sections || sections;
    exam_subjects := exam_subjects || array_fill(null::bigint, array[cardinality(sections)]);
    if exam_sections <> '{}' then
        delete from public.performance_cache as figures
        where figures.section_id = any(exam_sections)
            and not exists (
                select from public.sections as section where section.id = figures.section_id
            );
        delete from classpulse.subject_policies as policy
        where policy.section_id = any(exam_sections)
            and not exists (
                select from public.sections as section where section.id = policy.section_id
            );
        insert into public.performance_cache (section_id, subject_id)
        select distinct exam.section_id, exam.subject_id
        from unnest(exam_sections, exam_subjects) as named (section_id, subject_id)
        join public.exams as exam
            on exam.section_id = named.section_id
            and exam.subject_id between coalesce(named.subject_id, -9223372036854775808)
            and coalesce(named.subject_id, 9223372036854775807)
        on conflict on constraint performance_cache_one_per_section_and_subject do nothing;
        subject_sections := subject_sections || exam_sections;
        subject_ids := subject_ids || exam_subjects;
        fewer_sections := fewer_sections || exam_sections;
        fewer_subjects := fewer_subjects || exam_subjects;
    end if;
    -- a subject is a section's subject while it has an exam or a grade of a standing there
    if cardinality(fewer_sections) > 0 then
        return query
        delete from public.performance_cache as figures
        using unnest(fewer_sections, fewer_subjects) as named (section_id, subject_id)
        where figures.section_id = named.section_id
            and figures.subject_id between coalesce(named.subject_id, -9223372036854775808)
            and coalesce(named.subject_id, 9223372036854775807)
            and not exists (
                select from public.exams as exam
                where exam.section_id = figures.section_id
                    and exam.subject_id = figures.subject_id
            )
            and not exists (
                select from classpulse.subject_standings as standing
                where standing.section_id = figures.section_id
                    and standing.subject_id = figures.subject_id
            )
        returning null::bigint, figures.section_id;
    end if;
    return query
    select changed.student_id, changed.section_id
    from classpulse.cover_items(
        marked_students, marked_sections, marked_subjects,
        exam_sections || calendar_sections,
        exam_subjects || array_fill(null::bigint, array[cardinality(calendar_sections)])
    ) as changed;
    return query
    select distinct null::bigint, changed.section_id
    from classpulse.refresh_figures(known_sections, subject_sections, subject_ids) as changed;

    -- many are derived by the batches that follow, so that none is long
    if coalesce(cardinality(marked_students), 0) + coalesce(cardinality(registered_students), 0)
        > (case when sections = '{}' and ruled_sections = '{}' then 1000 else 100 end)
    then
        insert into classpulse.stale_trends as stale (student_id, section_id)
        select distinct named.student_id, named.section_id
        from (
            select unnest(marked_students), unnest(marked_sections)
            union all
            select unnest(registered_students), unnest(registered_sections)
        ) as named (student_id, section_id)
        on conflict (section_id, student_id) do update set retry_at = excluded.retry_at
        where stale.retry_at > excluded.retry_at;
    else
        perform classpulse.fold_trends(
            marked_students, marked_sections, marked_subjects, registered_students,
            registered_sections
        );
    end if;
end
$$;
