"""Installing, upgrading and taking out, on a real database."""

import asyncio
import os
import subprocess
import sys
import time
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from classpulse.database.install import psql_script, scripts
from classpulse.database.install.migrate import is_current, is_installed, migrate
from classpulse.database.install.uninstall import uninstall
from classpulse.errors import MigrationError

SCHOOL = {
    "schools",
    "terms",
    "educators",
    "sections",
    "section_educators",
    "subjects",
    "students",
    "enrollments",
    "exams",
    "grades",
    "attendance",
    "grading_policies",
    "grade_categories",
    "grade_overrides",
    "supports",
    "school_days",
}
SHAPE = """
select 'column', table_schema || '.' || table_name, column_name, data_type, is_nullable
from information_schema.columns where table_schema in ('public', 'classpulse')
union all
select 'routine', p.oid::regprocedure::text, coalesce(p.proacl::text, ''), md5(p.prosrc), ''
from pg_proc as p
where p.pronamespace in (to_regnamespace('public'), to_regnamespace('classpulse'))
union all
select 'trigger', t.tgrelid::regclass::text, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text
from pg_trigger as t where not t.tgisinternal
union all
select 'rights', c.oid::regclass::text, c.relacl::text, '', ''
from pg_class as c
where c.relnamespace in (to_regnamespace('public'), to_regnamespace('classpulse'))
order by 1, 2, 3, 4, 5
"""


async def shape(url):
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(SHAPE)]
    finally:
        await connection.close()


async def execute(url, *statements):
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_second_migrate_finds_nothing_to_do(empty_database_url):
    assert not await is_installed(empty_database_url)
    first = await migrate(empty_database_url)
    before = await shape(empty_database_url)
    second = await migrate(empty_database_url)
    assert first.migrations == [file.path.stem for file in scripts.migrations()]
    assert len(first.objects) == len(scripts.functions()) + len(scripts.triggers())
    assert (second.migrations, second.objects, second.warnings) == ([], [], [])
    assert await shape(empty_database_url) == before
    assert await is_current(empty_database_url)


def test_two_processes_at_once_install_it_once(empty_database_url):
    code = "from classpulse.cli import main; main()"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, "migrate"],
            env={**os.environ, "DATABASE_URL": empty_database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert sorted(out.strip().endswith("up to date.") for out, _ in said) == [False, True]


async def test_two_databases_of_a_cluster_at_once_make_the_roles_once(cluster):
    names = [cluster.create() for _ in range(3)]
    try:
        done = await asyncio.gather(*(migrate(cluster.url_of(name)) for name in names))
        assert [one.warnings for one in done] == [[], [], []]
    finally:
        for name in names:
            cluster.drop(name)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("create table public.grades (id int, mark text)", "grades"),
        ("create view public.students as select 1 as id", "students"),
        ("create table public.performance_cache (id int)", "performance_cache"),
        (
            "create procedure public.performance_wait() language sql as 'select 1'",
            "performance_wait",
        ),
        ("create schema classpulse create table notes (id int)", "classpulse.notes"),
    ],
)
async def test_a_foreign_table_stops_it_with_nothing_changed(empty_database_url, statement, name):
    await execute(empty_database_url, statement)
    before = await shape(empty_database_url)
    with pytest.raises(MigrationError, match=name):
        await migrate(empty_database_url)
    assert await shape(empty_database_url) == before


async def test_only_what_changed_or_is_missing_is_made_again(database_url):
    await execute(
        database_url,
        "drop function classpulse.rounded cascade",
        "drop trigger classpulse_touch on public.schools",
        "alter table public.terms disable trigger classpulse_touch",
        "drop trigger classpulse_capture_update on public.grades",
        "update classpulse.objects set hash = 'older' where file = 'triggers/exams.sql'",
    )
    before = await shape(database_url)
    assert not await is_current(database_url)
    done = await migrate(database_url)
    triggers = {file for file in done.objects if file.startswith("triggers/")}
    assert triggers == {
        "triggers/exams.sql",
        "triggers/grades.sql",
        "triggers/schools.sql",
        "triggers/terms.sql",
    }
    assert "functions/010_rounded.sql" in done.objects
    assert "functions/042_capture_insert.sql" not in done.objects
    assert await shape(database_url) != before
    assert (await migrate(database_url)).objects == []


async def test_an_installation_repairs_everything_that_was_dropped(database_url):
    before = await shape(database_url)
    await execute(
        database_url,
        "drop function classpulse.rounded cascade",
        "drop trigger classpulse_touch on public.schools",
        "drop trigger classpulse_capture_update on public.grades",
    )
    await migrate(database_url)
    assert await shape(database_url) == before


async def test_a_long_transaction_holds_up_the_installation_and_not_the_writers(database_url):
    report = await asyncpg.connect(database_url)
    writer = await asyncpg.connect(database_url)
    try:
        await execute(
            database_url,
            "insert into public.schools (name) values ('A')",
            "update classpulse.objects set hash = 'older' where file = 'triggers/schools.sql'",
        )
        transaction = report.transaction()
        await transaction.start()
        await report.execute("lock table public.schools in row exclusive mode")
        installing = asyncio.create_task(migrate(database_url, patience_seconds=60))
        longest = 0.0
        loop = asyncio.get_running_loop()
        until = loop.time() + 3
        while loop.time() < until:
            start = loop.time()
            await writer.execute("update public.schools set name = name || '.'")
            longest = max(longest, loop.time() - start)
            await asyncio.sleep(0.01)
        assert not installing.done()
        assert longest < 1.8
        await transaction.rollback()
        assert "triggers/schools.sql" in (await installing).objects
    finally:
        await report.close()
        await writer.close()


async def test_a_view_that_an_older_release_made_from_another_file_is_made_again(database_url):
    await execute(
        database_url,
        "create or replace view classpulse.current_sections as"
        " select id as section_id, school_id from public.sections",
        "insert into classpulse.objects (file, hash) values ('functions/071_current.sql', 'older')",
        "update classpulse.definitions set file = 'functions/071_current.sql',"
        " hash = md5(classpulse.definition_of(kind, name, relation))"
        " where name = 'classpulse.current_sections'",
        "update classpulse.state set version = 'older'",
    )
    assert not await is_current(database_url)
    assert (await migrate(database_url)).objects == ["views/071_current_sections.sql"]
    assert (await migrate(database_url)).objects == []
    connection = await asyncpg.connect(database_url)
    kept = await connection.fetchval(
        "select count(*) from classpulse.objects where file = 'functions/071_current.sql'"
    )
    await connection.close()
    assert kept == 0, "the older release, run again, would not make its own"


@pytest.mark.reliability("a routine act stops what is live")
async def test_naming_a_large_school_keeps_no_reader_waiting(database_url):
    await execute(
        database_url,
        "insert into schools (id, name) values (1, 'School')",
        "insert into students (id, school_id, first_name) values (1, 1, 'Ann')",
        "delete from classpulse.objects where split_part(file, '/', 2) like '02%'",
    )
    slow = await asyncpg.connect(database_url)
    await slow.execute("begin; insert into classpulse.student_names values (1, 1, '', '', '', '')")
    reader = await asyncpg.connect(database_url)
    migration = asyncio.create_task(migrate(database_url))
    longest = 0.0
    until = time.monotonic() + 3
    while time.monotonic() < until:
        began = time.monotonic()
        await reader.execute("select from classpulse.section_figures")
        longest = max(longest, time.monotonic() - began)
        await asyncio.sleep(0.01)
    assert not migration.done()
    assert longest < 0.7
    await slow.execute("rollback")
    await migration
    assert await reader.fetchval("select words from classpulse.student_names") == " ann"
    await slow.close()
    await reader.close()


async def test_patience_that_ends_names_who_is_in_the_way(database_url):
    report = await asyncpg.connect(database_url)
    try:
        await execute(
            database_url,
            "update classpulse.objects set hash = 'older' where file = 'triggers/schools.sql'",
        )
        transaction = report.transaction()
        await transaction.start()
        await report.execute("lock table public.schools in row exclusive mode")
        with pytest.raises(MigrationError, match=str(report.get_server_pid())):
            await migrate(database_url, patience_seconds=0.5)
        await transaction.rollback()
    finally:
        await report.close()


async def test_a_newer_installation_is_left_alone(database_url):
    await execute(database_url, "insert into classpulse.migrations (name) values ('9999_later')")
    with pytest.raises(MigrationError, match="9999_later"):
        await migrate(database_url)


async def test_uninstall_leaves_the_schools_tables_and_rows(database_url):
    await execute(database_url, "insert into public.schools (name) values ('A')")
    await uninstall(database_url)
    await uninstall(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        left = await connection.fetch(
            "select relname from pg_class where relnamespace = 'public'::regnamespace "
            "and relkind in ('r', 'v', 'm', 'p')"
        )
        assert {row["relname"] for row in left} == SCHOOL
        assert await connection.fetchval("select count(*) from public.schools") == 1
        assert await connection.fetchval("select to_regnamespace('classpulse')") is None
        assert not await connection.fetchval(
            "select exists (select from pg_trigger where not tgisinternal)"
        )
        assert not await connection.fetchval(
            "select exists (select from pg_proc where pronamespace = 'public'::regnamespace)"
        )
        # and the tables work on their own
        await connection.execute("insert into public.schools (name) values ('B')")
    finally:
        await connection.close()


async def test_after_uninstall_a_migrate_makes_it_whole_again(database_url):
    before = await shape(database_url)
    await uninstall(database_url)
    await migrate(database_url)
    assert await shape(database_url) == before


async def test_uninstall_leaves_the_column_of_accounts_and_a_migrate_makes_new_ones(database_url):
    await execute(database_url, "insert into educators (email, full_name) values ('a@b.c', 'A')")
    connection = await asyncpg.connect(database_url)
    try:
        before = await connection.fetchval("select account_id from educators")
        await uninstall(database_url)
        assert await connection.fetchval("select account_id from educators") == before
        await migrate(database_url)
        assert await connection.fetchval("select account_id from educators") != before
    finally:
        await connection.close()


async def test_uninstall_touches_nothing_where_classpulse_never_was(empty_database_url):
    await execute(empty_database_url, "create table public.performance_cache (id int)")
    await uninstall(empty_database_url)
    await execute(empty_database_url, "insert into public.performance_cache values (1)")


async def test_the_owner_of_the_database_need_not_be_a_superuser(cluster):
    cluster.run("create role plain_owner login password 'x'")
    name = cluster.create()
    cluster.run(f"alter database {name} owner to plain_owner")
    parts = urlsplit(cluster.url_of(name))
    place = parts.netloc.rpartition("@")[2]
    url = urlunsplit(parts._replace(netloc=f"plain_owner:x@{place}"))
    try:
        done = await migrate(url)
        assert done.migrations
        assert (await migrate(url)).migrations == []
        await execute(
            url,
            "insert into public.schools (name) values ('A')",
            "select * from public.performance_status",
        )
        await uninstall(url)
    finally:
        cluster.drop(name)
        cluster.run("drop role plain_owner")


def psql(url, text, *arguments):
    return subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", *arguments, url],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_the_printed_script_does_the_same(cluster, empty_database_url, database_url):
    for _ in range(2):
        done = psql(empty_database_url, psql_script.installation())
        assert (done.returncode, done.stderr) == (0, "")
    assert await shape(empty_database_url) == await shape(database_url)
    assert await is_current(empty_database_url)
    done = await migrate(empty_database_url)
    assert (done.migrations, done.objects) == ([], [])


async def test_the_printed_script_refuses_foreign_tables_too(empty_database_url):
    await execute(empty_database_url, "create table public.grades (id int)")
    done = psql(empty_database_url, psql_script.installation())
    assert done.returncode != 0
    assert "table grades: already in database" in done.stderr
    assert "nothing was changed" in done.stderr


async def test_the_printed_uninstall_does_the_same(database_url):
    for _ in range(2):
        done = psql(database_url, psql_script.removal())
        assert (done.returncode, done.stderr) == (0, "")
    assert not await is_installed(database_url)
