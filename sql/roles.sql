-- Two group roles: whoever writes the school's tables, and whoever reads figures. Roles belong to
-- the cluster, so another database may have made them, or be making them at this moment.
do $$
declare
    school constant text[] := array[
        'schools', 'terms', 'educators', 'sections', 'section_educators', 'subjects', 'students',
        'enrollments', 'exams', 'grades', 'attendance', 'grading_policies', 'grade_categories',
        'grade_overrides', 'school_days', 'supports'
    ];
    role_name text;
    table_name text;
    sequence_name text;
    -- An educator's role says what they may see, and the account holds their password: neither is
    -- for a tool to set. An id is nobody's to choose either, for tokens name it.
    educator_columns text;
begin
    foreach role_name in array array['classpulse_writer', 'classpulse_reader'] loop
        begin
            if to_regrole(role_name) is null then
                execute format('create role %I nologin', role_name);
            end if;
        exception
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then
                raise warning 'role % is missing and % may not create it: have it created and migrate again, if you want to use it',
                    role_name, current_user;
        end;
        continue when to_regrole(role_name) is null;

        execute format('grant usage on schema public, classpulse to %I', role_name);
        execute format('grant execute on procedure public.performance_wait to %I', role_name);
        execute format('grant execute on function classpulse.is_folded_in to %I', role_name);
        foreach table_name in array school loop
            -- what was noted about a student is for those who teach them, not for every report
            continue when table_name = 'supports' and role_name = 'classpulse_reader';
            execute format('grant select on public.%I to %I', table_name, role_name);
        end loop;
    end loop;

    if to_regrole('classpulse_reader') is not null then
        grant select on public.student_performance_summaries, public.performance_cache,
            public.performance_status, public.grade_history, public.attendance_history
            to classpulse_reader;
    end if;

    if to_regrole('classpulse_writer') is not null then
        foreach table_name in array school loop
            execute format('grant delete on public.%I to classpulse_writer', table_name);
            execute format(
                case when table_name = 'educators'
                    then 'revoke insert, update on public.%I from classpulse_writer'
                    else 'grant insert, update on public.%I to classpulse_writer'
                end, table_name
            );
            sequence_name := (
                select min(s.oid::regclass::text)
                from pg_depend as d
                join pg_class as s on s.oid = d.objid and s.relkind = 'S'
                where d.refobjid = format('public.%I', table_name)::regclass
                    and d.classid = 'pg_class'::regclass
            );
            if sequence_name is not null then
                execute format('grant usage on sequence %s to classpulse_writer', sequence_name);
            end if;
        end loop;
        educator_columns := (
            select string_agg(format('%I', a.attname), ', ')
            from pg_attribute as a
            where a.attrelid = 'public.educators'::regclass
                and a.attnum > 0
                and not a.attisdropped
                and a.attname not in ('id', 'role', 'account_id')
        );
        execute format(
            'grant insert (%1$s), update (%1$s) on public.educators to classpulse_writer',
            educator_columns
        );
    end if;
end
$$;
