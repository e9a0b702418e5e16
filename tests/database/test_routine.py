"""A DBA's routine with no server running: dumps, restores, generated columns, removal."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from classpulse.database.install.migrate import migrate
from classpulse.database.install.uninstall import uninstall
from classpulse.errors import MigrationError
from classpulse.project.verify import verify

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into educators (id, school_id, email, full_name) values (1, 1, 'a@b.example', 'A');
insert into sections (id, school_id, name) values (1, 1, 'A');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 10) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 10) as n;
insert into exams (id, section_id, subject_id, name) values (1, 1, 1, 'First');
insert into grades (id, student_id, exam_id, score)
select n, n, 1, 50 from generate_series(1, 10) as n;
"""
SHARE = "alter table grades add column share numeric generated always as (score / 2) {}"


@pytest.fixture
def tool(cluster: Any) -> Any:
    """pg_dump or pg_restore, of the server's own version, as a function."""
    folder = Path(cluster.run("select setting from pg_config where name = 'BINDIR'"))

    def run(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [folder / name, *arguments], capture_output=True, text=True, check=False, timeout=120
        )

    return run


@pytest.fixture
def elsewhere(cluster: Any) -> Iterator[str]:
    """An empty database to restore into."""
    name = cluster.create()
    yield cluster.url_of(name)
    cluster.drop(name)


async def run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def kinds(cluster: Any) -> list[str]:
    version = cluster.run("select current_setting('server_version_num')::int")
    return ["stored", "virtual"] if version >= 180000 else ["stored"]


@pytest.mark.reliability("a generated column on a captured table")
async def test_a_generated_column_is_no_change_and_survives_dump_and_migrate(
    cluster: Any, database_url: str, elsewhere: str, tool: Any, tmp_path: Path
) -> None:
    await run(database_url, SCHOOL)
    connection = await asyncpg.connect(database_url)
    for number, kind in enumerate(kinds(cluster)):
        await connection.execute(SHARE.replace("share", f"share_{number}").format(kind))
        read = "select updated_at from grades where id = 1"
        before = await connection.fetchval(read)
        await connection.execute("update grades set score = score where id = 1")
        assert await connection.fetchval(read) == before
        await connection.execute("update grades set score = score + 1 where id = 1")
        assert await connection.fetchval(read) > before
    await connection.execute(
        "drop trigger classpulse_touch on grades; drop trigger classpulse_capture_insert on grades"
    )
    await connection.close()
    await verify(database_url, repair=True)
    assert (await verify(database_url)).differences == []
    dump = str(tmp_path / "dump")
    assert tool("pg_dump", "-Fc", "-f", dump, database_url).returncode == 0
    restored = tool("pg_restore", "--exit-on-error", "-1", "-d", elsewhere, dump)
    assert (restored.returncode, restored.stderr) == (0, "")
    # also before anybody migrates or serves it: Postgres words all that it restored as before
    assert (await verify(elsewhere)).differences == []
    await migrate(elsewhere)
    assert (await verify(elsewhere)).differences == []


@pytest.mark.parametrize("no_comments", [False, True])
@pytest.mark.reliability("a part of a dump is restored")
async def test_a_dump_of_public_alone_can_be_migrated(
    database_url: str, elsewhere: str, tool: Any, tmp_path: Path, no_comments: bool
) -> None:
    await run(database_url, SCHOOL)
    await verify(database_url)
    dump = str(tmp_path / "dump")
    options = ["--no-comments"] if no_comments else []
    assert (
        tool("pg_dump", "-Fc", "-n", "public", "-f", dump, *options, database_url).returncode == 0
    )
    await run(elsewhere, "drop schema public")
    tool("pg_restore", "-d", elsewhere, dump)
    await uninstall(elsewhere)
    connection = await asyncpg.connect(elsewhere)
    assert await connection.fetchval("select to_regclass('public.performance_cache')") is None
    await connection.close()
    tool("pg_restore", "-d", elsewhere, dump)
    await migrate(elsewhere)
    assert (await verify(elsewhere)).differences == []
    await uninstall(elsewhere)


@pytest.mark.reliability("a part of a dump is restored")
async def test_what_reads_restored_figures_is_named_and_nothing_changed(
    database_url: str, elsewhere: str, tool: Any, tmp_path: Path
) -> None:
    await run(database_url, "create view public.my_report as select * from performance_cache")
    dump = str(tmp_path / "dump")
    tool("pg_dump", "-Fc", "-n", "public", "-f", dump, database_url)
    await run(elsewhere, "drop schema public")
    tool("pg_restore", "-d", elsewhere, dump)
    with pytest.raises(MigrationError, match="my_report"):
        await migrate(elsewhere)
    await run(elsewhere, "drop view my_report")
    await migrate(elsewhere)


@pytest.mark.reliability("a part of a dump is restored")
async def test_a_dump_of_the_machinery_alone_says_what_is_missing(
    database_url: str, elsewhere: str, tool: Any, tmp_path: Path
) -> None:
    dump = str(tmp_path / "dump")
    tool("pg_dump", "-Fc", "-n", "classpulse", "-f", dump, database_url)
    tool("pg_restore", "-d", elsewhere, dump)
    with pytest.raises(MigrationError, match=r"public\.grades.*is not.*classpulse uninstall"):
        await migrate(elsewhere)
    await uninstall(elsewhere)
    await migrate(elsewhere)


@pytest.mark.reliability("a part of a dump is restored")
async def test_rows_alone_restored_over_an_installation_keep_it_going(
    database_url: str, elsewhere: str, tool: Any, tmp_path: Path
) -> None:
    await run(database_url, SCHOOL)
    await verify(database_url)
    await migrate(elsewhere)
    await run(elsewhere, "delete from grading_policies")
    dump = str(tmp_path / "dump")
    tool("pg_dump", "-Fc", "--data-only", "-f", dump, database_url)
    tool("pg_restore", "-d", elsewhere, "--disable-triggers", dump)
    connection = await asyncpg.connect(elsewhere)
    assert await connection.fetchval("select count(*) from grades") == 10
    await verify(elsewhere, repair=True)
    assert (await verify(elsewhere)).differences == []
    await connection.execute("update grades set score = 70")
    assert (await verify(elsewhere)).differences == []
    assert await connection.fetchval("select min(average) from student_performance_summaries") == 70
    await connection.close()


@pytest.mark.reliability("removal takes what is somebody else's")
@pytest.mark.parametrize(
    ("made", "named"),
    [
        (
            "create view public.my_report as select * from performance_cache",
            "view public.my_report",
        ),
        ("create view public.mine as select * from classpulse.section_figures", "view public.mine"),
        (
            "create table public.notes (id int default classpulse.rounded(1))",
            "default value for column id of table public.notes",
        ),
        (
            "create table public.notes (updated_at timestamptz);"
            " create trigger theirs before update on public.notes for each row"
            " execute function classpulse.touch()",
            "trigger theirs on table public.notes",
        ),
        (
            "create table public.notes (educator_id uuid references classpulse.passwords)",
            "constraint notes_educator_id_fkey on table public.notes",
        ),
    ],
)
async def test_uninstall_names_what_was_built_on_it_and_changes_nothing(
    database_url: str, made: str, named: str
) -> None:
    await run(database_url, SCHOOL, made)
    with pytest.raises(MigrationError) as refused:
        await uninstall(database_url)
    assert named in str(refused.value)
    assert "nothing was changed" in str(refused.value)
    assert (await migrate(database_url)).objects == []


@pytest.mark.reliability("removal takes what is somebody else's")
async def test_uninstall_leaves_what_somebody_put_into_our_schema(database_url: str) -> None:
    await run(
        database_url,
        "create table classpulse.import_staging (id int); create table classpulse.grades (id int);"
        " create function classpulse.mine() returns int language sql as 'select 1'",
    )
    (warning,) = await uninstall(database_url)
    for kept in ("import_staging", "grades", "mine"):
        assert kept in warning
    connection = await asyncpg.connect(database_url)
    left = await connection.fetch(
        "select relname::text from pg_class"
        " where relnamespace = 'classpulse'::regnamespace and relkind <> 'i' order by 1"
    )
    assert [row["relname"] for row in left] == ["grades", "import_staging"]
    assert await connection.fetchval("select classpulse.mine()") == 1
    await connection.close()


@pytest.mark.reliability("sequences left behind by chosen ids")
async def test_a_sequence_left_behind_is_said_and_set_forward_by_repair(database_url: str) -> None:
    await run(database_url, SCHOOL)
    notes = (await migrate(database_url)).warnings
    behind = [note for note in notes if "the next id at 1" in note]
    assert len(behind) == 7
    assert any("public.students has rows up to id 10" in note for note in behind)
    found = await verify(database_url, repair=True)
    assert found.differences == []
    assert set(behind) == set(found.notes)
    assert (await migrate(database_url)).warnings == []
    await run(database_url, "insert into students (school_id, first_name) values (1, 'New')")


@pytest.mark.reliability("odd defaults of a role or a database")
async def test_odd_defaults_of_a_role_and_a_database_change_nothing(cluster: Any) -> None:
    cluster.run("create role odd_owner login createrole password 'x'")
    name = cluster.create()
    cluster.run(f"alter database {name} owner to odd_owner")
    for setting in (
        "search_path = 'nowhere'",
        "datestyle = 'SQL, DMY'",
        "intervalstyle = 'iso_8601'",
        "standard_conforming_strings = off",
        "bytea_output = 'escape'",
        "timezone = 'Pacific/Chatham'",
        "default_transaction_isolation = 'serializable'",
        "extra_float_digits = -15",
        "quote_all_identifiers = on",
        "row_security = off",
        "lock_timeout = '50ms'",
        "statement_timeout = '20s'",
    ):
        cluster.run(f"alter role odd_owner in database {name} set {setting}")
    url = cluster.url_of(name).replace(cluster.url.split("@")[0], "postgresql://odd_owner:x")
    try:
        await migrate(url)
        writer = await asyncpg.connect(url)
        await writer.execute("set search_path = public")
        await writer.execute(SCHOOL)
        await writer.execute("update grades set score = 60.005")
        await writer.execute("update exams set total_marks = 120")
        await writer.execute("delete from grades where id = 10")
        assert (await verify(url)).differences == []
        assert (await migrate(url)).objects == []
        average = await writer.fetchval(
            "select average from student_performance_summaries where student_id = 1"
        )
        assert float(average) == 50.0
        await writer.execute("set default_transaction_read_only = on")
        await writer.close()
        cluster.run("alter role odd_owner set default_transaction_read_only = on")
        writer = await asyncpg.connect(url)
        await writer.execute("begin read write; update public.grades set score = 30; commit")
        await writer.close()
        assert (await verify(url)).differences == []
    finally:
        cluster.drop(name)
        cluster.run("drop role odd_owner")
