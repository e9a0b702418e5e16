-- Every table whose rows are the school's: the captured tables, and below each its partitions and
-- the tables that inherit from it. `depth` is 0 of the table itself.
create or replace view classpulse.captured_relations as
with recursive tree (source, relation, depth) as (
    select named.source, to_regclass(named.schema || '.' || named.source)::oid, 0
    from (
        select 'public' as schema, school.source
        from unnest(array[
            'schools', 'terms', 'educators', 'sections', 'section_educators', 'subjects',
            'students', 'enrollments', 'exams', 'grades', 'attendance', 'grading_policies',
            'grade_categories', 'grade_overrides', 'school_days', 'supports'
        ]) as school (source)
        union all
        select 'classpulse' as schema, machinery.source
        from unnest(array['canaries', 'revoked_tokens']) as machinery (source)
    ) as named
    union
    select tree.source, child.inhrelid, tree.depth + 1
    from tree
    join pg_catalog.pg_inherits as child on child.inhparent = tree.relation
)
select tree.source, tree.relation, min(tree.depth) as depth
from tree
group by tree.source, tree.relation;
