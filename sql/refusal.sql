-- Stops an installation before it changes anything, where something else stands under one of our
-- names. The school's tables carry our comment, or have all of our columns (a copy that was
-- exchanged for one has no comment); what the machinery has is ours once there is a record of
-- migrations. Figures that a restore of schema public brought are known by their columns.
do $$
declare
    is_installed constant boolean := to_regclass('classpulse.migrations') is not null;
    has_migrated boolean := false;
    has_gradebook boolean := false;
    has_supports boolean := false;
    has_calendar boolean := false;
    foreign_names text;
    missing_names text;
    readers text;
begin
    if is_installed then
        execute 'select exists (select from classpulse.migrations where name like ''0002%''),
            exists (select from classpulse.migrations where name like ''0020_1%''),
            exists (select from classpulse.migrations where name like ''0022_1%''),
            exists (select from classpulse.migrations where name like ''0025%'')'
        into has_migrated, has_gradebook, has_calendar, has_supports;
    end if;
    with shapes (name, columns) as (
        values
        ('schools', '{id,external_id,name,time_zone}'::text[]),
        ('terms', '{id,school_id,external_id,name,starts_on,ends_on}'),
        ('educators', '{id,school_id,external_id,email,full_name,role,is_active}'),
        ('sections', '{id,school_id,term_id,external_id,name}'),
        ('section_educators', '{section_id,educator_id}'),
        ('subjects', '{id,school_id,external_id,code,name}'),
        (
            'students',
            '{id,school_id,external_id,student_number,first_name,last_name,email,is_active}'
        ),
        ('enrollments', '{student_id,section_id,roll_number}'),
        ('exams', '{id,section_id,subject_id,external_id,name,exam_date,total_marks}'),
        (
            'grades',
            '{id,student_id,section_id,subject_id,exam_id,external_id,score,total_marks,status,'
            'graded_on,remarks}'
        ),
        ('attendance', '{id,student_id,section_id,external_id,date,period,status,remarks}'),
        ('grading_policies', '{id,school_id,pass_mark,letter_scale}'),
        (
            'grade_categories',
            '{id,external_id,school_id,section_id,subject_id,name,weight,drop_lowest,drop_highest,'
            'sort_order}'
        ),
        (
            'grade_overrides',
            '{id,external_id,student_id,section_id,subject_id,average,letter,reason,set_by}'
        ),
        (
            'supports',
            '{id,external_id,student_id,section_id,alert_id,kind,note,opened_by,opened_at,'
            'review_on,closed_at,outcome}'
        ),
        ('school_days', '{school_id,date,kind}'),
        ('student_performance_summaries', '{student_id,section_id,exact_average,passed_subjects}'),
        ('performance_cache', '{section_id,subject_id,average_sum,graded_counts}')
    ), named as (
        select
            shapes.name,
            c.oid,
            c.oid is not null and (
                coalesce(obj_description(c.oid, 'pg_class') like 'classpulse: %', false)
                or (
                    c.relkind in ('r', 'p')
                    and not exists (
                        select from unnest(shapes.columns) as expected (attname)
                        where not exists (
                            select from pg_attribute as a
                            where a.attrelid = c.oid
                                and a.attname = expected.attname
                                and not a.attisdropped
                        )
                    )
                )
            ) as is_ours
        from shapes
        left join pg_class as c
            on c.relnamespace = to_regnamespace('public') and c.relname = shapes.name
    ), taken (name, is_ours) as (
        select 'table ' || named.name, named.is_ours
        from named
        where named.oid is not null
        union all
        select
            'table ' || c.relname,
            is_installed
            or coalesce(obj_description(c.oid, 'pg_class') like 'classpulse: %', false)
        from pg_class as c
        where c.relnamespace = to_regnamespace('public')
            and c.relname in ('performance_status', 'grade_history', 'attendance_history')
        union all
        select
            'procedure ' || p.proname,
            is_installed or p.prosrc like '%classpulse.is_folded_in(%'
        from pg_proc as p
        where p.pronamespace = to_regnamespace('public') and p.proname = 'performance_wait'
        union all
        select 'table classpulse.' || c.relname, is_installed
        from pg_class as c
        where c.relnamespace = to_regnamespace('classpulse') and c.relkind <> 'i'
    )
    select
        (
            select string_agg(distinct taken.name, ', ' order by taken.name)
            from taken where not taken.is_ours
        ),
        (
            select string_agg('public.' || named.name, ', ' order by named.name)
            from named
            where named.oid is null
                and (has_gradebook or named.name not in ('grade_categories', 'grade_overrides'))
                and (has_supports or named.name <> 'supports')
                and (has_calendar or named.name <> 'school_days')
        ),
        (
            select string_agg(distinct reader.oid::regclass::text, ', ')
            from named
            join pg_depend as d
                on d.refclassid = 'pg_class'::regclass and d.refobjid = named.oid
                and d.classid = 'pg_rewrite'::regclass
            join pg_rewrite as rule on rule.oid = d.objid
            join pg_class as reader on reader.oid = rule.ev_class
            where named.name in ('student_performance_summaries', 'performance_cache')
        )
    into foreign_names, missing_names, readers;

    if foreign_names is not null then
        raise exception using
            errcode = 'CPREF',
            message = format(
                '%s: already in database %s and not made by classpulse; rename it, or use another '
                'database (nothing was changed)', foreign_names, current_database()
            );
    end if;
    if has_migrated and missing_names is not null then
        raise exception using
            errcode = 'CPREF',
            message = format(
                'schema classpulse is there and %s is not, as after a restore of a part: restore '
                'that, too, or take the rest out with classpulse uninstall and migrate again '
                '(nothing was changed)', missing_names
            );
    end if;
    if not is_installed and readers is not null then
        raise exception using
            errcode = 'CPREF',
            message = format(
                '%s: reads figures that a restore brought and that migrate makes again; drop it, '
                'migrate, and make it again (nothing was changed)', readers
            );
    end if;
end
$$;
