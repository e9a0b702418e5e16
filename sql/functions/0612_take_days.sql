-- Brings the days on which registers were taken, and those on which a standing was absent, up to the
-- attendance of this snapshot, and counts what is expected and taken of the sections concerned.
--   day_students, day_sections, days   what changed: a day of a standing (no section: of every one)
--   whole_students, whole_sections     standings of which every day may have changed
--   sections                           and sections of which it has
--   calendar_sections                  sections of another calendar, term or day than before
-- Returns the sections whose registers changed.
create or replace function classpulse.take_days(
    day_students bigint[],
    day_sections bigint[],
    days date[],
    whole_students bigint[],
    whole_sections bigint[],
    sections bigint[],
    calendar_sections bigint[]
)
returns table (section_id bigint)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    turned bigint[];
    changed bigint[];
begin
    -- days of absence are kept where there is a calendar: a section that takes one on, or gives it up,
    -- has every day looked at, whatever it is that touches it first
    turned := array(
        select section.id
        from (
            select unnest(calendar_sections || sections || whole_sections || day_sections) as id
            union
            select enrollment.section_id
            from unnest(day_students, day_sections) as named (student_id, section_id)
            join public.enrollments as enrollment on enrollment.student_id = named.student_id
            where named.section_id is null
            union
            select summary.section_id
            from unnest(day_students, day_sections) as named (student_id, section_id)
            join public.student_performance_summaries as summary
                on summary.student_id = named.student_id
            where named.section_id is null
        ) as touched
        join public.sections as section on section.id = touched.id
        join public.performance_cache as figures
            on figures.section_id = section.id and figures.subject_id is null
        where (figures.registers_expected is not null) <> exists (
            select from public.school_days as day
            where day.school_id = section.school_id
        )
    );
    if turned <> '{}' then
        select
            whole_students || coalesce(array_agg(enrollment.student_id), '{}'),
            whole_sections || coalesce(array_agg(enrollment.section_id), '{}')
        into whole_students, whole_sections
        from public.enrollments as enrollment
        where enrollment.section_id = any(turned);
    end if;

    if day_students <> '{}' or whole_students <> '{}' or sections <> '{}' then
        with spans as materialized (
            select named.student_id, named.section_id, named.date as first_day, named.date as last_day
            from unnest(day_students, day_sections, days) as named (student_id, section_id, date)
            where named.section_id is not null
            union
            select named.student_id, standing.section_id, named.date, named.date
            from unnest(day_students, day_sections, days) as named (student_id, section_id, date)
            cross join lateral (
                select enrollment.section_id
                from public.enrollments as enrollment
                where enrollment.student_id = named.student_id
                union
                select summary.section_id
                from public.student_performance_summaries as summary
                where summary.student_id = named.student_id
            ) as standing
            where named.section_id is null
            union
            select whole.student_id, whole.section_id, '-infinity', 'infinity'
            from unnest(whole_students, whole_sections) as whole (student_id, section_id)
        ), recorded as materialized (
            select
                span.student_id,
                span.section_id,
                of_day.date,
                live.is_live,
                live.is_live and of_day.is_absent and live.has_calendar as is_kept
            from spans as span
            cross join lateral (
                select
                    exists (
                        select from public.enrollments as enrollment
                        join public.students as student
                            on student.id = enrollment.student_id and student.is_active
                        where enrollment.student_id = span.student_id
                            and enrollment.section_id = span.section_id
                    ) as is_live,
                    exists (
                        select from public.school_days as day
                        where day.school_id = section.school_id
                    ) as has_calendar
                from public.sections as section
                where section.id = span.section_id
                offset 0
            ) as live
            cross join lateral (
                select
                    register.date,
                    2 * count(*) filter (where register.status in ('absent', 'excused'))
                    >= count(*) as is_absent
                from public.attendance as register
                where register.student_id = span.student_id
                    and (
                        register.section_id = span.section_id or register.section_id is null
                    )
                    and register.date between span.first_day and span.last_day
                group by register.date
                offset 0
            ) as of_day
        ), gone as (
            delete from classpulse.absent_days as missed
            using spans as span
            where missed.section_id = span.section_id
                and missed.student_id = span.student_id
                and missed.date between span.first_day and span.last_day
                and not exists (
                    select from recorded
                    where recorded.is_kept
                        and recorded.section_id = missed.section_id
                        and recorded.student_id = missed.student_id
                        and recorded.date = missed.date
                )
        ), came as (
            insert into classpulse.absent_days (section_id, student_id, date)
            select distinct recorded.section_id, recorded.student_id, recorded.date
            from recorded
            where recorded.is_kept
            on conflict do nothing
        ), asked as (
            -- of which days it is to be looked up whether the register was taken
            select span.section_id, span.first_day as date
            from spans as span where isfinite(span.first_day)
            union
            select recorded.section_id, recorded.date from recorded
            union
            select stored.section_id, stored.date
            from classpulse.register_days as stored
            where stored.section_id = any(whole_sections || sections)
            union
            select register.section_id, register.date
            from public.attendance as register
            where register.section_id = any(sections)
        ), looked as materialized (
            select
                asked.section_id,
                asked.date,
                stored.date is not null as was_taken,
                exists (
                    select from public.attendance as register
                    where register.section_id = asked.section_id and register.date = asked.date
                ) or exists (
                    select
                    from public.enrollments as enrollment
                    join public.students as student
                        on student.id = enrollment.student_id and student.is_active
                    join public.attendance as register
                        on register.student_id = enrollment.student_id
                        and register.section_id is null
                        and register.date = asked.date
                    where enrollment.section_id = asked.section_id
                ) as is_taken
            from asked
            left join classpulse.register_days as stored
                on stored.section_id = asked.section_id and stored.date = asked.date
        ), given_up as (
            delete from classpulse.register_days as stored
            using looked
            where stored.section_id = looked.section_id
                and stored.date = looked.date
                and looked.was_taken and not looked.is_taken
        ), taken as (
            insert into classpulse.register_days (section_id, date)
            select looked.section_id, looked.date
            from looked
            where looked.is_taken and not looked.was_taken
            on conflict do nothing
        )
        select array_agg(distinct looked.section_id) into changed
        from looked
        where looked.is_taken <> looked.was_taken;
    end if;

    changed := changed || calendar_sections || sections;
    if changed <> '{}' then
        return query
        update public.performance_cache as figures set
            registers_expected = fresh.expected,
            registers_taken = fresh.taken,
            updated_at = clock_timestamp()
        from (
            select distinct named.section_id
            from unnest(changed) as named (section_id)
        ) as asked
        join public.sections as section on section.id = asked.section_id
        left join public.terms as term on term.id = section.term_id
        cross join lateral (
            select
                classpulse.today_at(section.school_id) as today,
                exists (
                    select from public.school_days as day
                    where day.school_id = section.school_id
                ) as has_calendar
            offset 0
        ) as school
        cross join lateral (
            select
                count(*)::integer as expected,
                count(*) filter (where exists (
                    select from classpulse.register_days as register
                    where register.section_id = section.id and register.date = day.date
                ))::integer as taken
            from public.school_days as day
            where day.school_id = section.school_id
                and day.kind <> 'holiday'
                and day.date between coalesce(term.starts_on, '-infinity')
                and least(term.ends_on, school.today)
            having school.has_calendar
            union all
            select null, count(*)::integer
            from classpulse.register_days as register
            where register.section_id = section.id
            having not school.has_calendar
        ) as fresh
        where figures.section_id = section.id
            and figures.subject_id is null
            and (figures.registers_expected, figures.registers_taken)
            is distinct from (fresh.expected, fresh.taken)
        returning figures.section_id;
    end if;
end
$$;
