-- Tables of which a row level policy may hide rows from the role that asks: figures made of the
-- rest would be wrong. (An owner is only subject to policies that are forced; a superuser, or a
-- role with BYPASSRLS, to none.)
create or replace view classpulse.hidden_tables as
select
    read.relation::regclass as relation,
    format(
        'row level security hides rows of %s from role %I: alter table %s no force row level '
        'security, or alter role %I bypassrls', read.relation::regclass, current_user,
        read.relation::regclass, current_user
    ) as problem
from (
    select captured.relation from classpulse.captured_relations as captured
    union all
    select to_regclass('public.performance_cache')::oid
    union all
    select to_regclass('public.student_performance_summaries')::oid
) as read
where read.relation is not null and row_security_active(read.relation);
