-- Stops an installation before it changes anything, where something else stands under one of our
-- names. The school's tables carry our comment; what the machinery has is ours once there is a
-- record of migrations.
do $$
declare
    is_installed constant boolean := to_regclass('classpulse.migrations') is not null;
    foreign_names text := (
        with taken (name, is_ours) as (
            select
                'table ' || c.relname,
                coalesce(obj_description(c.oid, 'pg_class') like 'classpulse: %', false)
            from pg_class as c
            where c.relnamespace = to_regnamespace('public')
                and c.relname in (
                    'schools', 'terms', 'educators', 'sections', 'section_educators', 'subjects',
                    'students', 'enrollments', 'exams', 'grades', 'attendance', 'grading_policies'
                )
            union all
            select 'table ' || c.relname, is_installed
            from pg_class as c
            where c.relnamespace = to_regnamespace('public')
                and c.relname in (
                    'student_performance_summaries', 'performance_cache', 'performance_status'
                )
            union all
            select 'procedure ' || p.proname, is_installed
            from pg_proc as p
            where p.pronamespace = to_regnamespace('public') and p.proname = 'performance_wait'
            union all
            select 'table classpulse.' || c.relname, is_installed
            from pg_class as c
            where c.relnamespace = to_regnamespace('classpulse') and c.relkind <> 'i'
        )
        select string_agg(distinct name, ', ' order by name) from taken where not is_ours
    );
begin
    if foreign_names is not null then
        raise exception using
            errcode = 'CPREF',
            message = format(
                '%s: already in database %s and not made by classpulse; rename it, or use another '
                'database (nothing was changed)', foreign_names, current_database()
            );
    end if;
end
$$;
