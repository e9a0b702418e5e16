-- Hangs the four capture triggers on a table and on each of its parts, and sees to it that no
-- replication role switches them off. What is there already is left alone, without a lock.
-- Rows written while a trigger was missing went unseen, so every section is calculated again then;
-- a part that is new and empty can have hidden nothing.
create or replace function classpulse.install_capture(relation regclass, grain text) returns void
language plpgsql set search_path = pg_catalog, pg_temp set standard_conforming_strings = on
as $$
declare
    source_name text := (select c.relname from pg_catalog.pg_class as c where c.oid = relation);
    part regclass;
    missing record;
    has_rows boolean;
    may_have_missed boolean := false;
begin
    for part in
        select captured.relation
        from classpulse.captured_relations as captured
        join pg_catalog.pg_class as c on c.oid = captured.relation and c.relkind in ('r', 'p')
        where captured.source = source_name
        order by captured.depth, captured.relation
    loop
        for missing in
            select trigger.operation, trigger.is_only_off
            from classpulse.missing_triggers as trigger
            where trigger.relation = part and trigger.operation is not null
        loop
            if not missing.is_only_off then
                execute format(
                    'create or replace trigger %I after %s on %s %s for each statement '
                    'execute function classpulse.%I(%L, %L)',
                    'classpulse_capture_' || missing.operation,
                    missing.operation,
                    part,
                    case missing.operation
                        when 'insert' then 'referencing new table as new_rows'
                        when 'update' then 'referencing old table as old_rows new table as new_rows'
                        when 'delete' then 'referencing old table as old_rows'
                    end,
                    'capture_' || missing.operation, source_name, grain
                );
            end if;
            execute format(
                'alter table %s enable always trigger %I',
                part, 'classpulse_capture_' || missing.operation
            );
            may_have_missed := may_have_missed or exists (
                select from classpulse.captures as known
                where known.relation = part and known.is_part
            );
        end loop;
        insert into classpulse.captures as known (relation, source, is_part)
        values (part, source_name, true)
        on conflict on constraint captures_pkey do update
        set source = excluded.source, is_part = true
        where not known.is_part or known.source <> excluded.source;
        if found then
            execute format('select exists (select from %s)', part) into has_rows;
            may_have_missed := may_have_missed or has_rows or part = relation;
        end if;
    end loop;
    -- a part that went took its rows along, or they are elsewhere now
    update classpulse.captures as former set is_part = false
    where former.source = source_name
        and former.is_part
        and not exists (
            select from classpulse.captured_relations as captured
            where captured.relation = former.relation and captured.source = former.source
        );
    may_have_missed := may_have_missed or found;
    delete from classpulse.captures as former
    where not former.is_part
        and not exists (select from pg_catalog.pg_class as c where c.oid = former.relation);
    if may_have_missed and source_name in (
        'sections', 'students', 'enrollments', 'exams', 'grades', 'attendance', 'grading_policies',
        'grade_categories', 'grade_overrides', 'school_days'
    ) then
        insert into classpulse.stale_sections (section_id, reason)
        select section.id, 'structure' from public.sections as section
        union
        select figures.section_id, 'structure' from public.performance_cache as figures
        on conflict do nothing;
        perform classpulse.wake_projector();
    end if;
end
$$;
