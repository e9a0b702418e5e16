-- The sessions of these standings by date, as they are kept in classpulse.standing_sessions.
create or replace function classpulse.session_series(student_ids bigint[], section_ids bigint[])
returns table (
    student_id bigint, section_id bigint, dates date[], present integer[], late integer[],
    absent integer[], excused integer[]
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select named.student_id, named.section_id, sessions.*
    from unnest(student_ids, section_ids) as named (student_id, section_id)
    join public.enrollments as enrollment
        on enrollment.student_id = named.student_id
        and enrollment.section_id = named.section_id
    join public.students as student on student.id = named.student_id and student.is_active
    cross join lateral (
        select
            array_agg(day.date order by day.date),
            array_agg(day.present order by day.date),
            array_agg(day.late order by day.date),
            array_agg(day.absent order by day.date),
            array_agg(day.excused order by day.date)
        from (
            select
                register.date,
                count(*) filter (where register.status = 'present')::integer as present,
                count(*) filter (where register.status = 'late')::integer as late,
                count(*) filter (where register.status = 'absent')::integer as absent,
                count(*) filter (where register.status = 'excused')::integer as excused
            from public.attendance as register
            where register.student_id = named.student_id
                and (register.section_id = named.section_id or register.section_id is null)
            group by register.date
        ) as day
        having count(*) > 0
    ) as sessions;
end
$$;
