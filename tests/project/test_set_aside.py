"""What cannot be handled stops nobody else: its section waits, and says so."""

import asyncio
import json
import logging
from typing import Any

import asyncpg
import pytest
from leaders import leading

from classpulse.database.install.migrate import migrate
from classpulse.project.attempts import is_of_data
from classpulse.project.batch import project
from classpulse.project.epoch import open_log
from classpulse.project.lock import leader_session
from classpulse.project.verify import verify

Connection = Any

SCHOOL = """
insert into schools (id, name) values (1, 'School'), (2, 'Other');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B'), (3, 2, 'C');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths'), (2, 2, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1 + n / 11, 'P' || n from generate_series(1, 15) as n;
insert into enrollments (student_id, section_id)
select n, case when n < 6 then 1 when n < 11 then 2 else 3 end from generate_series(1, 15) as n;
"""
GRADE = "insert into grades (student_id, section_id, subject_id, score) values ($1, $2, $3, $4)"
DEEP = '{"id": 1, "student_id": 1, "section_id": 1, "own": %s}' % ("[" * 3000 + "]" * 3000)
#: the school's own trigger: somebody's mistake, but of one section
REFUSING = """
create function refuse() returns trigger language plpgsql as $$
begin
    if new.section_id = 1 then raise exception 'not this one'; end if;
    return new;
end $$;
create trigger refuse before insert or update on student_performance_summaries
for each row execute function refuse();
"""


@pytest.fixture
async def school(connection: Connection) -> None:
    await connection.execute(SCHOOL)


async def drained(session: Connection) -> None:
    cursor = await open_log(session)
    while (await project(session, cursor)).written:
        pass


async def average(connection: Connection, student: int) -> Any:
    return await connection.fetchval(
        "select average from student_performance_summaries where student_id = $1", student
    )


async def status(connection: Connection) -> Any:
    return await connection.fetchrow("select * from performance_status")


async def events(connection: Connection, kind: str) -> list[Any]:
    rows = await connection.fetch(
        "select payload from classpulse.events where type = $1 order by position", kind
    )
    return [json.loads(row["payload"]) for row in rows]


@pytest.mark.reliability("one row that can't be handled")
async def test_a_section_that_fails_waits_and_all_others_go_on(
    database_url: str, connection: Connection, school: None
) -> None:
    async with leader_session(database_url) as session:
        await drained(session)
        await connection.execute(REFUSING)
        for student, section, subject in ((1, 1, 1), (6, 2, 1), (11, 3, 2)):
            await connection.execute(GRADE, student, section, subject, 70)
        # rows of two sections at once, and a whole day
        await connection.execute("insert into enrollments values (6, 1)")
        await connection.execute(
            "insert into attendance (student_id, date, status) values (6, '2026-01-05', 'late')"
        )
        await drained(session)
        assert await average(connection, 6) == 70
        assert await average(connection, 11) == 70
        assert await average(connection, 1) is None
        now = await status(connection)
        assert now["set_aside"] == 1
        assert now["set_aside_since"] is not None
        assert now["backlog"] == 0
        told = {
            event["grade_data"]["section_id"] for event in await events(connection, "grade_update")
        }
        assert told == {2, 3}
        attended = await events(connection, "attendance_update")
        assert [event["attendance_data"]["section_id"] for event in attended] == [2]
        changed = await events(connection, "figures_changed")
        assert [(event["reason"], event["section_ids"]) for event in changed][-1] == (
            "set_aside",
            [1],
        )

    found = await verify(database_url)
    assert len(found.set_aside) == 1
    assert "section 1: set aside since" in found.set_aside[0]
    assert "not this one" in found.set_aside[0]
    assert found.figures == []


@pytest.mark.reliability("one row that can't be handled")
async def test_a_row_takes_no_other_section_of_its_student_along(
    database_url: str, connection: Connection, school: None
) -> None:
    async with leader_session(database_url) as session:
        await connection.execute("insert into enrollments values (6, 1)")
        await drained(session)
        await connection.execute(
            """update performance_cache set grade_distribution = '{"A": "many"}'
            where section_id = 1 and subject_id is null"""
        )
        await connection.execute(GRADE, 6, 1, 1, 91)
        # names every section of the student
        await connection.execute(
            "insert into attendance (student_id, date, status) values (6, '2026-01-05', 'late')"
        )
        await drained(session)
        waiting = await connection.fetch("select section_id from classpulse.set_aside")
        assert [row["section_id"] for row in waiting] == [1]
        (attended,) = await events(connection, "attendance_update")
        assert attended["attendance_data"]["section_id"] == 2
        assert attended["performance_data"]["student"]["late_sessions"] == 1
        assert attended["performance_data"]["section"]["total_students"] == 5


@pytest.mark.reliability("one row that can't be handled")
async def test_what_was_set_aside_comes_back_by_itself_with_exact_figures_and_is_told(
    database_url: str,
    connection: Connection,
    school: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "classpulse.project")
    async with leading(database_url):
        await connection.execute(REFUSING)
        await connection.execute(GRADE, 1, 1, 1, 70)
        await until(connection, "select set_aside = 1 from performance_status")
        # more of the section, and retries, while it waits
        for score in range(20):
            await connection.execute(GRADE, 2, 1, 1, score)
            await asyncio.sleep(0.1)
        assert await connection.fetchval("select tries > 1 from classpulse.set_aside")
        await connection.execute("drop trigger refuse on student_performance_summaries")
        await until(connection, "select set_aside = 0 from performance_status", 15)
        assert await average(connection, 1) == 70
        assert await average(connection, 2) == 9.5
        changed = await events(connection, "figures_changed")
        assert [event["reason"] for event in changed if event["section_ids"] == [1]][
            -1
        ] == "restored"
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "section 1 is set aside" in line]) == 1
    assert (await verify(database_url)).differences == []


@pytest.mark.reliability("one row that can't be handled")
async def test_verify_with_repair_tries_again_at_once(
    database_url: str, connection: Connection, school: None
) -> None:
    await connection.execute(REFUSING)
    await connection.execute(GRADE, 1, 1, 1, 70)
    assert len((await verify(database_url, repair=True)).still_set_aside) == 1
    await connection.execute("update classpulse.set_aside set retry_at = now() + interval '1 day'")
    await connection.execute("drop trigger refuse on student_performance_summaries")
    found = await verify(database_url, repair=True)
    assert (len(found.set_aside), found.still_set_aside) == (1, [])
    assert (await verify(database_url)).differences == []


@pytest.mark.reliability("one row that can't be handled")
async def test_a_wait_for_the_figures_fails_in_words_while_something_is_set_aside(
    database_url: str, connection: Connection, school: None
) -> None:
    async with leading(database_url):
        await connection.execute(REFUSING)
        await connection.execute(GRADE, 1, 1, 1, 70)
        with pytest.raises(asyncpg.PostgresError, match="set aside"):
            await connection.execute("call performance_wait(timeout => '10 s')")


@pytest.mark.reliability("one row that can't be handled")
async def test_what_fails_for_everybody_sets_nobody_aside(
    database_url: str, connection: Connection, school: None
) -> None:
    """A function that is gone is nobody's row: the batch is tried again as it is."""
    async with leader_session(database_url) as session:
        await drained(session)
    await connection.execute("alter function classpulse.recompute_subjects rename to gone")
    await connection.execute(GRADE, 1, 1, 1, 70)
    async with leader_session(database_url) as session:
        with pytest.raises(asyncpg.UndefinedFunctionError):
            await drained(session)
    assert (await status(connection))["set_aside"] == 0
    await connection.execute("alter function classpulse.gone rename to recompute_subjects")
    async with leader_session(database_url) as session:
        await drained(session)
    assert await average(connection, 1) == 70


@pytest.mark.reliability("one row that can't be handled")
async def test_a_server_out_of_memory_sets_nobody_aside(
    database_url: str, connection: Connection, school: None
) -> None:
    await connection.execute(
        REFUSING.replace(
            "raise exception 'not this one'",
            "raise exception using errcode = 'out_of_memory', message = 'out of memory'",
        )
    )
    async with leading(database_url):
        await connection.execute(GRADE, 1, 1, 1, 70)
        await asyncio.sleep(1)
        now = await status(connection)
        assert (now["set_aside"], now["backlog"] > 0) == (0, True)
        await connection.execute("drop trigger refuse on student_performance_summaries")
        await until(connection, "select backlog = 0 from performance_status")
        assert await average(connection, 1) == 70


@pytest.mark.reliability("one row that can't be handled")
async def test_a_migration_and_a_new_leader_try_again_at_once(
    database_url: str, connection: Connection, school: None
) -> None:
    await connection.execute(REFUSING)
    await connection.execute(GRADE, 1, 1, 1, 70)
    await verify(database_url)
    later = "update classpulse.set_aside set retry_at = now() + interval '1 day'"
    await connection.execute(later)
    await connection.execute(
        "update classpulse.objects set hash = '' where file like 'functions/%'"
    )
    await migrate(database_url)
    assert await connection.fetchval(
        "select retry_at <= clock_timestamp() from classpulse.set_aside"
    )
    await connection.execute(later)
    await connection.execute("drop trigger refuse on student_performance_summaries")
    async with leading(database_url):
        await until(connection, "select set_aside = 0 from performance_status")
    assert await average(connection, 1) == 70


@pytest.mark.reliability("one row that can't be handled")
async def test_changes_that_cannot_be_read_are_looked_up_instead(
    database_url: str, connection: Connection, school: None
) -> None:
    """Of whatever shape: as one row nested deep, or of a table that somebody altered."""
    async with leader_session(database_url) as session:
        await drained(session)
        await connection.execute(GRADE, 1, 1, 1, 70)
        await connection.execute("update classpulse.changes set new = $1::text::jsonb", DEEP)
        await connection.execute("update students set is_active = false where id = 2")
        await connection.execute("update grading_policies set pass_mark = 80")
        await connection.execute(
            "update classpulse.changes set new = new::jsonb - 'school_id' - 'is_active'"
            " where source in ('students', 'grading_policies')"
        )
        await connection.execute(GRADE, 6, 2, 1, 90)
        await drained(session)
    assert (await status(connection))["set_aside"] == 0
    assert await average(connection, 1) == 70
    assert [
        event["grade_data"]["student_id"] for event in await events(connection, "grade_update")
    ] == [6]
    assert (await verify(database_url)).differences == []


@pytest.mark.reliability("one row that can't be handled")
@pytest.mark.parametrize(
    "error",
    [
        asyncpg.OutOfMemoryError("out of memory"),
        asyncpg.DiskFullError("no space left"),
        asyncpg.LockNotAvailableError("lock"),
        asyncpg.SerializationError("again"),
        asyncpg.DeadlockDetectedError("deadlock"),
        asyncpg.QueryCanceledError("canceled"),
        asyncpg.AdminShutdownError("going"),
        asyncpg.ReadOnlySQLTransactionError("standby"),
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionResetError(),
        TimeoutError(),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_section_answers_for_the_server_the_session_or_the_moment(error: Exception) -> None:
    assert not is_of_data(error)


async def until(connection: Connection, query: str, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not await connection.fetchval(query):
            await asyncio.sleep(0.02)
