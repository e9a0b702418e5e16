-- Brings the trends up to the base rows: of the subjects of these standings whose grades changed
-- (null: every one), and of the standings whose attendance did. fold() must have been here before.
-- A section's trend is moved by what became of each standing's.
create or replace function classpulse.fold_trends(
    marked_students bigint[],
    marked_sections bigint[],
    marked_subjects bigint[],
    registered_students bigint[],
    registered_sections bigint[]
) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    whole_students bigint[];
    whole_sections bigint[];
    -- rows of sections that came to nothing
    empty_sections bigint[];
    empty_subjects bigint[];
    empty_dates date[];
begin
    if cardinality(marked_students) > 0 then
        with fresh as materialized (
            select series.*
            from classpulse.subject_series(
                marked_students, marked_sections, marked_subjects, false
            ) as series
        ), before as materialized (
            select trend.*
            from unnest(marked_students, marked_sections, marked_subjects)
                as named (student_id, section_id, subject_id)
            join classpulse.subject_trend as trend
                on trend.student_id = named.student_id
                and trend.section_id = named.section_id
                and trend.subject_id
                between coalesce(named.subject_id, -9223372036854775808)
                and coalesce(named.subject_id, 9223372036854775807)
        ), gone as (
            delete from classpulse.subject_trend as trend
            using (
                select student_id, section_id, subject_id, date from before
                except
                select student_id, section_id, subject_id, date from fresh
            ) as old_row
            where trend.student_id = old_row.student_id
                and trend.section_id = old_row.section_id
                and trend.subject_id = old_row.subject_id
                and trend.date = old_row.date
        ), written as (
            insert into classpulse.subject_trend as trend
            select * from fresh
            except
            select * from before
            on conflict (student_id, section_id, subject_id, date) do update set
                exact_average = excluded.exact_average,
                passed = excluded.passed,
                n = excluded.n,
                basis = excluded.basis
        ), side as (
            select fresh.*, 1 as sign from fresh
            union all
            select before.*, -1 from before
        ), step as (
            select
                side.section_id,
                side.subject_id,
                side.date,
                -- include: gained
            from side
            window up_to as (
                partition by side.sign, side.student_id, side.section_id, side.subject_id
                order by side.date
            )
        ), moved as (
            insert into classpulse.section_trend as trend
            select
                step.section_id, step.subject_id, step.date, sum(step.average_sum),
                sum(step.averages), sum(step.passed), sum(step.failed), 0, 0, 0, 0
            from step
            group by step.section_id, step.subject_id, step.date
            having sum(step.average_sum) <> 0 or sum(step.averages) <> 0
                or sum(step.passed) <> 0 or sum(step.failed) <> 0
            on conflict on constraint section_trend_one_per_section_subject_and_date do update set
                average_sum = trend.average_sum + excluded.average_sum,
                averages = trend.averages + excluded.averages,
                passed = trend.passed + excluded.passed,
                failed = trend.failed + excluded.failed
            returning trend.*
        )
        select array_agg(moved.section_id), array_agg(moved.subject_id), array_agg(moved.date)
        into empty_sections, empty_subjects, empty_dates
        from moved
        where (moved.average_sum, moved.averages, moved.passed, moved.failed) = (0, 0, 0, 0);
        if empty_dates is not null then
            delete from classpulse.section_trend as trend
            using unnest(empty_sections, empty_subjects, empty_dates)
                as empty (section_id, subject_id, date)
            where trend.section_id = empty.section_id
                and trend.subject_id = empty.subject_id
                and trend.date = empty.date;
        end if;
        select array_agg(whole.student_id), array_agg(whole.section_id)
        into whole_students, whole_sections
        from (
            select distinct marked.student_id, marked.section_id
            from unnest(marked_students, marked_sections) as marked (student_id, section_id)
        ) as whole;
        empty_dates := null;
    end if;

    if cardinality(whole_students) > 0 or cardinality(registered_students) > 0 then
        -- statements see what those before them wrote, so the subjects' trends come first
        with fresh as materialized (
            select series.* from classpulse.standing_series(whole_students, whole_sections) as series
        ), before as materialized (
            select trend.*
            from unnest(whole_students, whole_sections) as named (student_id, section_id)
            join classpulse.standing_trend as trend
                on trend.student_id = named.student_id and trend.section_id = named.section_id
        ), gone as (
            delete from classpulse.standing_trend as trend
            using (
                select student_id, section_id, date from before
                except
                select student_id, section_id, date from fresh
            ) as old_row
            where trend.student_id = old_row.student_id
                and trend.section_id = old_row.section_id
                and trend.date = old_row.date
        ), written as (
            insert into classpulse.standing_trend as trend
            select * from fresh
            except
            select * from before
            on conflict (student_id, section_id, date) do update set
                exact_average = excluded.exact_average,
                passed = excluded.passed,
                n = excluded.n
        ), registered as materialized (
            select distinct named.student_id, named.section_id
            from unnest(registered_students, registered_sections)
                as named (student_id, section_id)
        ), fresh_sessions as materialized (
            select series.*
            from (
                select array_agg(student_id) as students, array_agg(section_id) as sections
                from registered
            ) as named
            cross join lateral classpulse.session_series(named.students, named.sections) as series
        ), sessions_before as materialized (
            select sessions.*
            from registered
            join classpulse.standing_sessions as sessions
                on sessions.student_id = registered.student_id
                and sessions.section_id = registered.section_id
        ), sessions_gone as (
            delete from classpulse.standing_sessions as sessions
            using (
                select student_id, section_id from sessions_before
                except
                select student_id, section_id from fresh_sessions
            ) as old_row
            where sessions.student_id = old_row.student_id
                and sessions.section_id = old_row.section_id
        ), sessions_written as (
            insert into classpulse.standing_sessions as sessions
            select * from fresh_sessions
            except
            select * from sessions_before
            on conflict (student_id, section_id) do update set
                dates = excluded.dates,
                present = excluded.present,
                late = excluded.late,
                absent = excluded.absent,
                excused = excluded.excused
        ), side as (
            select fresh.*, 1 as sign from fresh
            union all
            select before.*, -1 from before
        ), step as (
            select
                side.section_id,
                side.date,
                -- include: gained
                , 0 as present, 0 as late, 0 as absent, 0 as excused
            from side
            window up_to as (
                partition by side.sign, side.student_id, side.section_id order by side.date
            )
            union all
            select
                both_sides.section_id, day.date, 0, 0, 0, 0, both_sides.sign * day.present,
                both_sides.sign * day.late, both_sides.sign * day.absent,
                both_sides.sign * day.excused
            from (
                select fresh_sessions.*, 1 as sign from fresh_sessions
                union all
                select sessions_before.*, -1 from sessions_before
            ) as both_sides
            cross join lateral unnest(
                both_sides.dates, both_sides.present, both_sides.late, both_sides.absent,
                both_sides.excused
            ) as day (date, present, late, absent, excused)
        ), moved as (
            insert into classpulse.section_trend as trend
            select
                step.section_id, null, step.date, sum(step.average_sum), sum(step.averages),
                sum(step.passed), sum(step.failed), sum(step.present), sum(step.late),
                sum(step.absent), sum(step.excused)
            from step
            group by step.section_id, step.date
            having sum(step.average_sum) <> 0 or sum(step.averages) <> 0
                or sum(step.passed) <> 0 or sum(step.failed) <> 0
                or sum(step.present) <> 0 or sum(step.late) <> 0
                or sum(step.absent) <> 0 or sum(step.excused) <> 0
            on conflict on constraint section_trend_one_per_section_subject_and_date do update set
                average_sum = trend.average_sum + excluded.average_sum,
                averages = trend.averages + excluded.averages,
                passed = trend.passed + excluded.passed,
                failed = trend.failed + excluded.failed,
                present = trend.present + excluded.present,
                late = trend.late + excluded.late,
                absent = trend.absent + excluded.absent,
                excused = trend.excused + excluded.excused
            returning trend.*
        )
        select array_agg(moved.section_id), array_agg(moved.date)
        into empty_sections, empty_dates
        from moved
        where (
            moved.average_sum, moved.averages, moved.passed, moved.failed, moved.present,
            moved.late, moved.absent, moved.excused
        ) = (0, 0, 0, 0, 0, 0, 0, 0);
        if empty_dates is not null then
            delete from classpulse.section_trend as trend
            using unnest(empty_sections, empty_dates) as empty (section_id, date)
            where trend.section_id = empty.section_id
                and trend.subject_id is null
                and trend.date = empty.date;
        end if;
    end if;
end
$$;
