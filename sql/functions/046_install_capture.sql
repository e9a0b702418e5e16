-- Hangs the four capture triggers on a table and on each of its partitions, and sees to it that
-- no replication role switches them off. What is there already is left alone, without a lock.
-- Rows written while a trigger was missing went unseen, so every section is reckoned anew then.
create or replace function classpulse.install_capture(relation regclass, grain text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    source text := (select c.relname from pg_catalog.pg_class as c where c.oid = relation);
    part regclass;
    kind record;
    was_missing boolean := false;
begin
    for part in
        select relation
        union
        select tree.relid from pg_catalog.pg_partition_tree(relation) as tree
    loop
        for kind in
            select * from (values
                ('insert', 'referencing new table as new_rows'),
                ('update', 'referencing old table as old_rows new table as new_rows'),
                ('delete', 'referencing old table as old_rows'),
                ('truncate', '')
            ) as kinds (operation, transition)
        loop
            continue when exists (
                select from pg_catalog.pg_trigger as t
                where t.tgrelid = part
                    and t.tgname = 'classpulse_capture_' || kind.operation
                    and t.tgenabled = 'A'
                    and t.tgfoid = to_regproc('classpulse.capture_' || kind.operation)
                    and t.tgargs = convert_to(source, 'UTF8') || '\x00'::bytea
                        || convert_to(grain, 'UTF8') || '\x00'::bytea
            );
            execute format(
                'create or replace trigger %I after %s on %s %s for each statement '
                'execute function classpulse.%I(%L, %L)',
                'classpulse_capture_' || kind.operation, kind.operation, part, kind.transition,
                'capture_' || kind.operation, source, grain
            );
            execute format(
                'alter table %s enable always trigger %I',
                part, 'classpulse_capture_' || kind.operation
            );
            was_missing := true;
        end loop;
    end loop;
    if was_missing and source in (
        'sections', 'students', 'enrollments', 'exams', 'grades', 'attendance', 'grading_policies'
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
