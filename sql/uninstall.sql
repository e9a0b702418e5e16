-- Takes out what classpulse brought and leaves the school's own tables and rows, and whatever else
-- is in schema classpulse. The group roles stay: they belong to the whole cluster. What somebody
-- else built on our objects stops it with nothing changed: nothing is dropped by cascade.
do $$
declare
    -- set before: what the scripts of this version create, by kind and name
    shipped constant jsonb := current_setting('classpulse.shipped');
    is_installed constant boolean := to_regclass('classpulse.migrations') is not null;
    relations oid[];
    routines oid[];
    found_one record;
    remaining text[];
    still text[];
    act text;
    others text;
begin
    relations := array(
        select c.oid
        from jsonb_array_elements_text(shipped -> 'relations') as made (name)
        join pg_class as c on c.oid = to_regclass(made.name)
        where is_installed
            or c.relname = 'performance_status'
            and obj_description(c.oid, 'pg_class') like 'classpulse: %'
            -- figures that a restore of schema public brought
            or c.relkind = 'r' and (
                select count(*) = 2 from pg_attribute as a
                where a.attrelid = c.oid and (c.relname, a.attname) in (
                    ('performance_cache', 'average_sum'), ('performance_cache', 'graded_counts'),
                    ('student_performance_summaries', 'exact_average'),
                    ('student_performance_summaries', 'passed_subjects')
                )
            )
    );
    relations := relations || array(
        select i.inhrelid from pg_inherits as i
        where i.inhparent = any(relations) and not i.inhrelid = any(relations)
    );
    routines := array(
        select p.oid
        from pg_proc as p
        join pg_namespace as n on n.oid = p.pronamespace
        where shipped -> 'routines' ? (n.nspname || '.' || p.proname)
            and (is_installed or p.prosrc like '%classpulse.is_folded_in(%')
    );

    -- what hangs on them: ours goes first, with anything else we stop
    remaining := '{}';
    for found_one in
        select distinct
            dependent.relation, dependent.name, dependent.kind,
            pg_describe_object(d.classid, d.objid, d.objsubid) as described
        from pg_depend as d
        left join pg_rewrite as rule on d.classid = 'pg_rewrite'::regclass and rule.oid = d.objid
        left join pg_trigger as t on d.classid = 'pg_trigger'::regclass and t.oid = d.objid
        left join pg_constraint as c on d.classid = 'pg_constraint'::regclass and c.oid = d.objid
        left join pg_attrdef as v on d.classid = 'pg_attrdef'::regclass and v.oid = d.objid
        left join pg_class as i
            on d.classid = 'pg_class'::regclass and i.oid = d.objid and i.relkind in ('i', 'I')
        left join pg_index as x on x.indexrelid = i.oid
        cross join lateral (
            select
                case
                    when rule.oid is not null then 'view'
                    when t.oid is not null then 'trigger'
                    when c.oid is not null then 'constraint'
                    when v.oid is not null then 'column'
                    when i.oid is not null then 'index'
                end as kind,
                coalesce(
                    rule.ev_class, t.tgrelid, nullif(c.conrelid, 0), v.adrelid, x.indrelid
                ) as relation,
                coalesce(
                    t.tgname, c.conname, i.relname,
                    (select a.attname from pg_attribute as a
                        where a.attrelid = v.adrelid and a.attnum = v.adnum)
                )::text as name
        ) as dependent
        where d.deptype = 'n'
            and (
                d.refclassid = 'pg_class'::regclass and d.refobjid = any(relations)
                or d.refclassid = 'pg_proc'::regclass and d.refobjid = any(routines)
                or d.refclassid = 'pg_type'::regclass and d.refobjid in (
                    select row_type.oid from pg_type as row_type
                    where row_type.typrelid = any(relations)
                )
            )
            and not (dependent.relation is not null and dependent.relation = any(relations))
            and not (d.classid = 'pg_class'::regclass and d.objid = any(relations))
            and not (d.classid = 'pg_proc'::regclass and d.objid = any(routines))
    loop
        if found_one.kind = 'trigger' and starts_with(found_one.name, 'classpulse_') then
            act := format('drop trigger %I on %s', found_one.name, found_one.relation::regclass);
        elsif found_one.kind <> 'view' and shipped -> 'parts' ? found_one.name then
            act := case found_one.kind
                when 'index' then (
                    select format('drop index %I.%I', n.nspname, found_one.name)
                    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
                    where c.oid = found_one.relation
                )
                else format(
                    'alter table %s drop %s if exists %I', found_one.relation::regclass,
                    found_one.kind, found_one.name
                )
            end;
        else
            others := concat_ws(
                ', ', others,
                case when found_one.kind = 'view' then 'view ' || found_one.relation::regclass
                else found_one.described end
            );
            continue;
        end if;
        remaining := remaining || act;
    end loop;
    if others is not null then
        raise exception using
            errcode = 'CPREF',
            message = format(
                '%s: made of what uninstall takes out, and not by classpulse; drop it first '
                '(nothing was changed)', others
            );
    end if;

    remaining := remaining || array(
        select format(
            'drop %s %I.%I',
            case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
            n.nspname, c.relname
        )
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        -- partitions go with their table
        where c.oid = any(relations) and not c.relispartition
    ) || array(
        select format('drop routine %s', p.oid::regprocedure)
        from pg_proc as p where p.oid = any(routines)
    );
    -- each when nothing is built on it any more: our own objects are built on each other
    while cardinality(remaining) > 0 loop
        still := '{}';
        foreach act in array remaining loop
            begin
                execute act;
            exception
                when dependent_objects_still_exist then still := still || act;
            end;
        end loop;
        if cardinality(still) = cardinality(remaining) then
            raise exception 'could not be taken out: %', array_to_string(still, '; ');
        end if;
        remaining := still;
    end loop;

    if not is_installed then
        return;
    end if;
    select string_agg(distinct pg_describe_object(d.classid, d.objid, 0), ', ') into others
    from pg_depend as d
    where d.refclassid = 'pg_namespace'::regclass
        and d.refobjid = 'classpulse'::regnamespace
        and not exists (
            select from pg_type as t
            where d.classid = 'pg_type'::regclass and t.oid = d.objid and t.typrelid <> 0
        );
    if others is null then
        drop schema classpulse;
    else
        comment on schema classpulse is null;
        raise warning 'schema classpulse stays, for it holds what classpulse did not make: %',
            others;
    end if;
end
$$;
