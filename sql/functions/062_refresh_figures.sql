-- Derives what is shown of these sections, and of these subjects of sections (null: of every one),
-- from their counts and sums; extremes come from an index. Returns the sections of which anything
-- shown changed.
drop function if exists classpulse.refresh_figures(bigint[]);
create or replace function classpulse.refresh_figures(
    section_ids bigint[], subject_sections bigint[], subject_ids bigint[]
)
returns table (section_id bigint)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if cardinality(subject_sections) > 0 then
        return query
        with fresh as (
            select
                figures.ctid as place,
                whole.total_students,
                classpulse.rounded(classpulse.exact_mean(
                    figures.average_sum, figures.averages
                )) as average_score,
                (
                    select max(standing.average)
                    from classpulse.subject_standings as standing
                    where standing.section_id = figures.section_id
                        and standing.subject_id = figures.subject_id
                ) as highest_score,
                (
                    select min(standing.average)
                    from classpulse.subject_standings as standing
                    where standing.section_id = figures.section_id
                        and standing.subject_id = figures.subject_id
                ) as lowest_score,
                classpulse.rounded(classpulse.exact_percentage(
                    figures.passed_students, figures.passed_students + figures.failed_students
                )) as pass_rate,
                classpulse.padded_distribution(
                    figures.grade_distribution, coalesce(policy.letters, whole.letters)
                )
                    as grade_distribution,
                whole.total_students - figures.passed_students - figures.failed_students as no_data
            from unnest(subject_sections, subject_ids) as named (section_id, subject_id)
            join public.performance_cache as figures
                on figures.section_id = named.section_id
                and figures.subject_id
                between coalesce(named.subject_id, -9223372036854775808)
                and coalesce(named.subject_id, 9223372036854775807)
            join public.performance_cache as whole
                on whole.section_id = figures.section_id and whole.subject_id is null
            left join classpulse.subject_policies as policy
                on policy.section_id = figures.section_id
                and policy.subject_id = figures.subject_id
        )
        update public.performance_cache as figures set
            total_students = fresh.total_students,
            average_score = fresh.average_score,
            highest_score = fresh.highest_score,
            lowest_score = fresh.lowest_score,
            pass_rate = fresh.pass_rate,
            grade_distribution = fresh.grade_distribution,
            no_data = fresh.no_data,
            updated_at = clock_timestamp()
        from fresh
        where figures.ctid = fresh.place
            and (
                figures.total_students, figures.average_score, figures.highest_score,
                figures.lowest_score, figures.pass_rate, figures.grade_distribution,
                figures.no_data
            ) is distinct from (
                fresh.total_students, fresh.average_score, fresh.highest_score,
                fresh.lowest_score, fresh.pass_rate, fresh.grade_distribution,
                fresh.no_data
            )
        returning figures.section_id;
    end if;

    return query
    with fresh as (
        select
            figures.ctid as place,
            classpulse.rounded(classpulse.exact_mean(
                figures.average_sum, figures.averages
            )) as average_score,
            (
                select max(summary.average)
                from public.student_performance_summaries as summary
                where summary.section_id = figures.section_id
            ) as highest_score,
            (
                select min(summary.average)
                from public.student_performance_summaries as summary
                where summary.section_id = figures.section_id
            ) as lowest_score,
            classpulse.rounded(classpulse.exact_percentage(
                figures.passed_students, figures.passed_students + figures.failed_students
            )) as pass_rate,
            classpulse.padded_distribution(figures.grade_distribution, figures.letters)
                as grade_distribution,
            case
                when figures.present_sessions + figures.late_sessions > 0
                    then classpulse.rounded(classpulse.exact_percentage(
                        figures.present_sessions + figures.late_sessions,
                        figures.present_sessions + figures.late_sessions
                        + figures.absent_sessions + figures.excused_sessions
                    ))
            end as attendance_average,
            figures.total_students - figures.passed_students - figures.failed_students as no_data
        from public.performance_cache as figures
        where figures.section_id = any(section_ids) and figures.subject_id is null
    )
    update public.performance_cache as figures set
        average_score = fresh.average_score,
        highest_score = fresh.highest_score,
        lowest_score = fresh.lowest_score,
        pass_rate = fresh.pass_rate,
        grade_distribution = fresh.grade_distribution,
        attendance_average = fresh.attendance_average,
        no_data = fresh.no_data,
        updated_at = clock_timestamp()
    from fresh
    where figures.ctid = fresh.place
        and (
            figures.average_score, figures.highest_score, figures.lowest_score,
            figures.pass_rate, figures.grade_distribution, figures.attendance_average,
            figures.no_data
        ) is distinct from (
            fresh.average_score, fresh.highest_score, fresh.lowest_score,
            fresh.pass_rate, fresh.grade_distribution, fresh.attendance_average,
            fresh.no_data
        )
    returning figures.section_id;
end
$$;
