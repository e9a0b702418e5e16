"""The schema as Postgres has it, one line a fact: python tests/schema_dump.py writes it.

A review reads in `sql/schema.txt` what a migration changes: tables with their columns,
constraints, indexes and triggers, views with their columns, routines with their arguments,
sequences, and who may do what. Bodies of routines and views stand in `sql/`, and the log's
partitions, whose names are days, are left out.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

FILE = Path(__file__).parent.parent / "sql" / "schema.txt"
# What a relation, a type or an argument is called must not hang on who asks.
SETTINGS = "set local search_path = pg_catalog"
RELATIONS = """
with relation as (
    select
        c.oid,
        format('%I.%I', n.nspname, c.relname) as name,
        c.relkind,
        c.reloptions,
        c.relacl,
        c.relpersistence,
        c.relrowsecurity,
        c.relforcerowsecurity
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('public', 'classpulse')
        and not c.relispartition
        and not exists (select from pg_depend where objid = c.oid and deptype = 'e')
), fact (name, place, text) as (
    select
        name,
        0,
        case relkind
            when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
            when 'S' then 'sequence'
        end
            || coalesce(' by ' || pg_get_partkeydef(oid), '')
            || case when relpersistence = 'u' then ', unlogged' else '' end
            || case when relrowsecurity then ', row security' else '' end
            || case when relforcerowsecurity then ', forced' else '' end
            || coalesce(' with ' || array_to_string(reloptions, ', '), '')
    from relation where relkind in ('r', 'p', 'v', 'S')
    union all
    select
        relation.name,
        1000,
        format(
            '  %s from %s by %s%s%s',
            format_type(s.seqtypid, null),
            s.seqstart,
            s.seqincrement,
            case when s.seqcycle then ' cycle' else '' end,
            ' of ' || d.refobjid::regclass || '.' || a.attname
        )
    from relation
    join pg_sequence as s on s.seqrelid = relation.oid
    left join pg_depend as d
        on d.objid = relation.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
        and d.refclassid = 'pg_class'::regclass
    left join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    union all
    select
        relation.name,
        1000 + a.attnum,
        format(
            '  %I %s%s%s%s',
            a.attname,
            format_type(a.atttypid, a.atttypmod),
            case when a.attnotnull then ' not null' else '' end,
            case a.attidentity
                when 'a' then ' identity always' when 'd' then ' identity' else ''
            end,
            coalesce(
                case when a.attgenerated = 's' then ' generated ' else ' default ' end
                || pg_get_expr(d.adbin, d.adrelid),
                ''
            )
        )
    from relation
    join pg_attribute as a on a.attrelid = relation.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where relation.relkind in ('r', 'p', 'v')
    union all
    select relation.name, 2000, format('  constraint %I %s', o.conname, pg_get_constraintdef(o.oid))
    from relation
    join pg_constraint as o on o.conrelid = relation.oid and o.contype <> 'n'
        and o.conparentid = 0
    union all
    select relation.name, 3000, '  ' || pg_get_indexdef(i.indexrelid)
    from relation
    join pg_index as i on i.indrelid = relation.oid
    where not exists (select from pg_constraint as o where o.conindid = i.indexrelid)
    union all
    select relation.name, 4000, '  ' || pg_get_triggerdef(t.oid)
        || case t.tgenabled::text when 'O' then '' else ' enabled ' || t.tgenabled::text end
    from relation
    join pg_trigger as t on t.tgrelid = relation.oid and not t.tgisinternal
    union all
    select
        granted.name,
        5000,
        format(
            '  grant %s%s to %s', string_agg(privilege, ', ' order by privilege), granted.place, who
        )
    from (
        select
            relation.name,
            '' as place,
            acl.privilege_type as privilege,
            case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end as who
        from relation
        join pg_class as c on c.oid = relation.oid
        cross join lateral aclexplode(c.relacl) as acl
        where acl.grantee <> c.relowner
        union all
        select
            relation.name,
            format(' (%I)', a.attname),
            acl.privilege_type,
            case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end
        from relation
        join pg_attribute as a on a.attrelid = relation.oid and not a.attisdropped
        cross join lateral aclexplode(a.attacl) as acl
    ) as granted
    group by granted.name, granted.place, who
)
select name, text from fact order by name collate "C", place, text collate "C"
"""
# What everybody may do in schema public is the server's affair.
SCHEMAS = """
select fact from (
    select format(
        '  grant %s on %I to %s',
        string_agg(acl.privilege_type, ', ' order by acl.privilege_type),
        n.nspname,
        case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end
    ) as fact
    from pg_namespace as n
    cross join lateral aclexplode(n.nspacl) as acl
    where n.nspname in ('public', 'classpulse')
        and acl.grantee <> n.nspowner
        and (acl.grantee <> 0 or n.nspname = 'classpulse')
    group by n.nspname, acl.grantee
) as granted
order by fact collate "C"
"""
ROUTINES = """
select fact from (select
    format(
        '%s %I.%I(%s)%s',
        case p.prokind when 'p' then 'procedure' else 'function' end,
        n.nspname,
        p.proname,
        pg_get_function_arguments(p.oid),
        coalesce(' returns ' || pg_get_function_result(p.oid), '')
    )
    || case p.provolatile when 'i' then ' immutable' when 's' then ' stable' else '' end
    || case when p.prosecdef then ' security definer' else '' end
    || coalesce(' set ' || array_to_string(p.proconfig, ', '), '')
    || coalesce(', execute to ' || granted.to_whom, '') as fact
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
cross join lateral (
    select string_agg(granted.who, ', ' order by granted.who collate "C") as to_whom
    from (
        select case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end as who
        from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
        where acl.grantee <> p.proowner
    ) as granted
) as granted
where n.nspname in ('public', 'classpulse')
    and not exists (select from pg_depend where objid = p.oid and deptype = 'e')
) as routine
order by fact collate "C"
"""


async def dump(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    """The schema of a database that is installed, a fact a line."""
    async with connection.transaction(readonly=True):
        await connection.execute(SETTINGS)
        lines: list[str] = []
        known = None
        for row in await connection.fetch(RELATIONS):
            if row["name"] != known:
                known = row["name"]
                lines += ["", known]
            lines.append(row["text"])
        lines += ["", "schemas"]
        lines += [row[0] for row in await connection.fetch(SCHEMAS)]
        lines += ["", "routines"]
        lines += [f"  {row[0]}" for row in await connection.fetch(ROUTINES)]
    return "\n".join(lines).strip() + "\n"


async def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
    import asyncpg

    from classpulse.database.embedded.cluster import embedded
    from classpulse.database.install.migrate import migrate

    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder) / "data") as postgres:
            await migrate(postgres.url)
            connection = await asyncpg.connect(postgres.url)
            FILE.write_text(await dump(connection))
            await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
