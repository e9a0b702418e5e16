-- The averages of these standings at each date, from the trends of their subjects.
create or replace function classpulse.standing_series(student_ids bigint[], section_ids bigint[])
returns table (
    student_id bigint, section_id bigint, date date, exact_average numeric, passed boolean,
    n integer
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with touched as (
        select named.student_id, named.section_id
        from unnest(student_ids, section_ids) as named (student_id, section_id)
        join public.enrollments as enrollment
            on enrollment.student_id = named.student_id
            and enrollment.section_id = named.section_id
        join public.students as student on student.id = named.student_id and student.is_active
    ), moved as (
        select
            subject.student_id,
            subject.section_id,
            subject.date,
            coalesce(subject.exact_average, 0)
            - coalesce(lag(subject.exact_average) over up_to, 0) as average,
            (subject.exact_average is not null)::integer
            - coalesce((lag(subject.exact_average) over up_to is not null)::integer, 0) as averages,
            subject.n - coalesce(lag(subject.n) over up_to, 0) as n
        from touched
        cross join lateral (
            select trend.*
            from classpulse.subject_trend as trend
            where trend.student_id = touched.student_id and trend.section_id = touched.section_id
        ) as subject
        window up_to as (
            partition by subject.student_id, subject.section_id, subject.subject_id
            order by subject.date
        )
        union all
        -- what a person set is so at every date
        select touched.student_id, touched.section_id, '-infinity', 0, 0, 0
        from touched
        join public.grade_overrides as override
            on override.student_id = touched.student_id
            and override.section_id = touched.section_id
            and override.subject_id is null
    ), summed as (
        select
            moved.student_id,
            moved.section_id,
            moved.date,
            sum(sum(moved.average)) over up_to as average_sum,
            (sum(sum(moved.averages)) over up_to)::bigint as averages,
            (sum(sum(moved.n)) over up_to)::integer as n
        from moved
        group by moved.student_id, moved.section_id, moved.date
        window up_to as (partition by moved.student_id, moved.section_id order by moved.date)
    )
    select
        summed.student_id, summed.section_id, summed.date, mean.average, decided.passed, summed.n
    from summed
    cross join lateral (
        select classpulse.exact_mean(summed.average_sum, summed.averages) as average offset 0
    ) as mean
    join public.performance_cache as policy
        on policy.section_id = summed.section_id and policy.subject_id is null
    left join public.grade_overrides as override
        on override.student_id = summed.student_id
        and override.section_id = summed.section_id
        and override.subject_id is null
    cross join lateral classpulse.result(
        classpulse.rounded(mean.average), override.average, override.letter, policy.pass_mark,
        policy.letters, policy.minimums
    ) as decided
    where summed.n > 0 or decided.passed is not null;
end
$$;
