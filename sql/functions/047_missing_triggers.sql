-- What keeps a change from being seen: captured tables whose trigger is missing, switched off or
-- calls something else.
create or replace view classpulse.missing_triggers as
select captured.relation, kinds.operation
from (
    select tree.relid as relation
    from unnest(array[
        'public.schools', 'public.terms', 'public.educators', 'public.sections',
        'public.section_educators', 'public.subjects', 'public.students', 'public.enrollments',
        'public.exams', 'public.grades', 'public.attendance', 'public.grading_policies',
        'classpulse.canaries', 'classpulse.revoked_tokens'
    ]) as name
    cross join lateral (
        select to_regclass(name) as relid
        union
        select part.relid from pg_catalog.pg_partition_tree(to_regclass(name)) as part
    ) as tree
) as captured
cross join unnest(array['insert', 'update', 'delete', 'truncate']) as kinds (operation)
where not exists (
    select from pg_catalog.pg_trigger as t
    where t.tgrelid = captured.relation
        and t.tgname = 'classpulse_capture_' || kinds.operation
        and t.tgenabled = 'A'
        and t.tgfoid = to_regproc('classpulse.capture_' || kinds.operation)
);
