-- Rights on the machinery, or to write the figures, that no installation gave.
create or replace view classpulse.strange_grants as
select
    format(
        '%s: %s may %s it, as classpulse did not grant: %s', object.name, holder.name,
        lower(held.privilege_type), 'revoke ' || right_of.act || ' from ' || holder.name
    ) as problem,
    'revoke ' || right_of.act || ' from ' || holder.name as act
from (
    select
        'schema' as kind, n.nspname::text as name, quote_ident(n.nspname) as target, '' as columns,
        n.nspowner as owner, n.nspacl as acl
    from pg_catalog.pg_namespace as n
    where n.nspname = 'classpulse'
    union all
    select
        case when c.relkind = 'S' then 'sequence' else 'table' end as kind,
        format('%I.%I', n.nspname, c.relname) as name,
        format('%I.%I', n.nspname, c.relname) as target, '' as columns,
        c.relowner, c.relacl
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'S')
        and (
            n.nspname = 'classpulse'
            or (
                n.nspname = 'public'
                and c.relname in (
                    'performance_cache', 'student_performance_summaries', 'performance_status',
                    'grade_history', 'attendance_history'
                )
            )
        )
    union all
    select
        'table' as kind, format('%I.%I.%I', n.nspname, c.relname, a.attname) as name,
        format('%I.%I', n.nspname, c.relname) as target, format(' (%I)', a.attname) as columns,
        c.relowner, a.attacl
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid = a.attrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = 'classpulse' and a.attacl is not null and not a.attisdropped
    union all
    select
        'routine' as kind,
        format('%I.%I', n.nspname, p.proname) as name,
        format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
            as target,
        '' as columns,
        p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'classpulse'
) as object
cross join lateral aclexplode(object.acl) as held
cross join lateral (
    select case when held.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(held.grantee)) end
        as name
) as holder
cross join lateral (
    select held.privilege_type || object.columns || ' on ' || object.kind || ' ' || object.target
        as act
) as right_of
where held.grantee <> object.owner
    -- what roles.sql grants
    and not (
        holder.name in ('classpulse_reader', 'classpulse_writer')
        and object.name in ('classpulse', 'classpulse.is_folded_in')
        and held.privilege_type in ('USAGE', 'EXECUTE')
    )
    -- what the condition of a trigger reads, whoever writes
    and not (object.name = 'classpulse.has_categories' and held.privilege_type = 'SELECT')
    -- the figures are there to be read
    and not (
        object.name in (
            'public.performance_cache', 'public.student_performance_summaries',
            'public.performance_status', 'public.grade_history', 'public.attendance_history'
        )
        and held.privilege_type in ('SELECT', 'REFERENCES', 'MAINTAIN')
    );
