-- What keeps a change from being seen: a captured table whose trigger is missing, switched off or
-- not as it was made, and a part of it that came, went or can't be captured. `problem` says it;
-- `is_curable` is false of what only the school can put right.
create or replace view classpulse.missing_triggers as
with triggers as (
    select
        captured.relation::regclass as relation,
        kinds.operation,
        captured.source,
        made.is_right,
        made.is_right and made.tgenabled <> 'A' as is_only_off
    from classpulse.captured_relations as captured
    left join pg_catalog.pg_class as c on c.oid = captured.relation
    cross join (
        values
        ('insert', 4, null, 'new_rows'), ('update', 16, 'old_rows', 'new_rows'),
        ('delete', 8, 'old_rows', null), ('truncate', 32, null, null)
    ) as kinds (operation, tgtype, old_rows, new_rows)
    left join lateral (
        select
            t.tgenabled,
            t.tgfoid = to_regproc('classpulse.capture_' || kinds.operation)
            -- after the statement, whatever it changes
            and t.tgtype = kinds.tgtype
            and t.tgqual is null
            and t.tgattr = ''::int2vector
            and t.tgoldtable is not distinct from kinds.old_rows::name
            and t.tgnewtable is not distinct from kinds.new_rows::name
            and encode(t.tgargs, 'escape') in (
                captured.source || '\000section\000', captured.source || '\000student\000',
                captured.source || '\000row\000'
            ) as is_right
        from pg_catalog.pg_trigger as t
        where t.tgrelid = captured.relation
            and t.tgname = 'classpulse_capture_' || kinds.operation
    ) as made on true
    where c.relkind is distinct from 'f'
)
select
    triggers.relation,
    triggers.operation,
    triggers.source,
    coalesce(triggers.is_only_off, false) as is_only_off,
    case
        when triggers.relation is null then format('the table %s is missing', triggers.source)
        else format(
            '%s: the trigger that captures %s is missing, off or changed', triggers.relation,
            triggers.operation
        )
    end as problem,
    triggers.relation is not null as is_curable
from triggers
where triggers.is_right is not true or triggers.is_only_off
union all
select
    captured.relation::regclass, null, captured.source, false,
    case c.relkind
        when 'f' then format(
            '%s is a foreign table below %s, and its changes can''t be seen: detach it',
            captured.relation::regclass, captured.source
        )
        else format(
            '%s is new as, or below, the table %s', captured.relation::regclass, captured.source
        )
    end,
    c.relkind <> 'f'
from classpulse.captured_relations as captured
join pg_catalog.pg_class as c on c.oid = captured.relation
left join classpulse.captures as known
    on known.relation = captured.relation and known.source = captured.source and known.is_part
where c.relkind = 'f' or known.relation is null
union all
select
    known.relation::regclass, null, known.source, false,
    format('%s is no longer, nor below, the table %s', known.relation::regclass, known.source),
    true
from classpulse.captures as known
left join classpulse.captured_relations as captured
    on captured.relation = known.relation and captured.source = known.source
where known.is_part and captured.relation is null;
