-- Views keep to the table that they were made of when it is renamed: those of ours that read
-- another table than the one of that name now.
create or replace view classpulse.misbound_views as
select distinct
    reader.oid::regclass as reader,
    read.oid::regclass as relation,
    format('%s reads %s', reader.oid::regclass, read.oid::regclass) as problem
from classpulse.definitions as made
join pg_catalog.pg_class as reader on reader.oid = to_regclass(made.name)
join pg_catalog.pg_rewrite as rule on rule.ev_class = reader.oid
join pg_catalog.pg_depend as dependency
    on dependency.classid = 'pg_catalog.pg_rewrite'::regclass
    and dependency.objid = rule.oid
    and dependency.refclassid = 'pg_catalog.pg_class'::regclass
join pg_catalog.pg_class as read on read.oid = dependency.refobjid
where made.kind = 'view'
    and read.oid <> reader.oid
    and read.relnamespace not in (
        'classpulse'::regnamespace, 'pg_catalog'::regnamespace
    )
    and read.oid not in (
        select captured.relation from classpulse.captured_relations as captured
        where captured.depth = 0 and captured.relation is not null
        union all
        select figures.relation::oid
        from (
            values
            (to_regclass('public.performance_cache')),
            (to_regclass('public.student_performance_summaries'))
        ) as figures (relation)
        where figures.relation is not null
    );
