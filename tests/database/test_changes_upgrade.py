"""The queue of changes is altered under writers, some of them in the middle of a transaction."""

import asyncio

import asyncpg
import pytest

from classpulse.database.install import scripts
from classpulse.database.install.migrate import migrate
from classpulse.project.batch import project
from classpulse.project.epoch import open_log
from classpulse.project.verify import verify

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into subjects (id, school_id, name) values (1, 1, 'Art');
insert into sections (id, school_id, name) values (1, 1, '10-A');
insert into students (id, school_id, first_name)
select n, 1, 'Student' from generate_series(1, 20) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 20) as n
"""
INSERT = """
insert into grades (student_id, section_id, subject_id, score) values ($1, 1, 1, 50) returning id
"""
COLUMNS = """
select format_type(atttypid, atttypmod) from pg_attribute
where attrelid = 'classpulse.changes'::regclass and attname in ('old', 'new')
"""


@pytest.mark.reliability("a routine act stops what is live")
async def test_an_upgrade_of_the_queue_waits_for_open_writers_and_loses_none_of_their_changes(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        migrations = [one for one in scripts.migrations() if "/0015_" not in one.file]
        patch.setattr(scripts, "migrations", lambda: migrations)
        patch.setattr(scripts, "version", lambda: "before")
        await migrate(empty_database_url)
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(SCHOOL)
    assert [row[0] for row in await connection.fetch(COLUMNS)] == ["jsonb", "jsonb"]
    open_writer = await asyncpg.connect(empty_database_url)
    other_writer = await asyncpg.connect(empty_database_url)
    written = set()

    async def write_on() -> None:
        insert = await other_writer.prepare(INSERT)
        while not upgrade.done():
            written.add(await insert.fetchval(1 + len(written) % 20))
            await asyncio.sleep(0.01)

    async with open_writer.transaction():
        written.add(await open_writer.fetchval(INSERT, 1))
        upgrade = asyncio.create_task(migrate(empty_database_url))
        writing = asyncio.create_task(write_on())
        # it has asked for its lock, and given way, by now
        await asyncio.sleep(2)
        assert not upgrade.done()
        written.add(await open_writer.fetchval(INSERT, 2))
    done = await upgrade
    await writing
    assert done.migrations == ["0015_changes"]
    assert [row[0] for row in await connection.fetch(COLUMNS)] == ["json", "json"]
    assert len(written) > 20

    cursor = await open_log(connection)
    while (await project(connection, cursor)).written:
        pass
    told = await connection.fetch(
        "select (payload::json #>> '{grade_data,grade_id}')::bigint as grade "
        "from classpulse.events where type = 'grade_update'"
    )
    assert sorted(row["grade"] for row in told) == sorted(written)
    for one in (open_writer, other_writer, connection):
        await one.close()
    assert (await verify(empty_database_url)).differences == []
