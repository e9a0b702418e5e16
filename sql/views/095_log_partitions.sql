-- The partitions of the log: each holds the positions from `lower` up to and without `upper`.
create or replace view classpulse.log_partitions as
select
    c.relname::text as name,
    case bound.ends[1] when 'MINVALUE' then 0 else bound.ends[1]::bigint end as lower,
    case bound.ends[2] when 'MAXVALUE' then 9223372036854775807 else bound.ends[2]::bigint end
        as upper
from pg_catalog.pg_inherits as i
join pg_catalog.pg_class as c on c.oid = i.inhrelid
cross join lateral (
    select regexp_match(
        pg_catalog.pg_get_expr(c.relpartbound, c.oid),
        'FROM \(''?(-?[0-9]+|MINVALUE)''?\) TO \(''?(-?[0-9]+|MAXVALUE)''?\)'
    ) as ends
) as bound
where i.inhparent = pg_catalog.to_regclass('classpulse.events') and bound.ends is not null;
