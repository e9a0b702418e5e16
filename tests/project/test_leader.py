"""One leader: taken over when it dies, when it is stopped, and fenced either way."""

import asyncio
import signal
from typing import Any

import pytest

from classpulse.project.epoch import open_log, renew
from classpulse.project.verify import verify
from project.processes import projector, wait_for

pytestmark = pytest.mark.reliability("a leader killed, stopped or cut off")

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 10) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 10) as n;
"""
GRADE = "insert into grades (student_id, section_id, subject_id, score) values (1, 1, 1, 50)"
LEADER = """
select pid from pg_locks where locktype = 'advisory' and granted and objid = 1
and database = (select oid from pg_database where datname = current_database())
"""


@pytest.fixture
async def school(connection: Any) -> None:
    await connection.execute(SCHOOL)


async def folded_in(connection: Any, seconds: float) -> float:
    for elapsed in wait_for(seconds):
        if not await connection.fetchval("select count(*) from classpulse.changes"):
            return elapsed
    raise AssertionError


async def leader_pid(connection: Any) -> int:
    for _ in wait_for(10):
        pid = await connection.fetchval(LEADER)
        if pid is not None:
            return int(pid)
    raise AssertionError


async def test_a_killed_leader_is_replaced_within_a_second(
    database_url: str, connection: Any, school: None
) -> None:
    with projector(database_url) as first:
        before = await leader_pid(connection)
        await folded_in(connection, 5)
        with projector(database_url):
            await asyncio.sleep(2)
            assert await leader_pid(connection) == before
            first.send_signal(signal.SIGKILL)
            await connection.execute(GRADE)
            assert await folded_in(connection, 3) < 1.0


async def test_a_stopped_leader_is_replaced_within_ten_seconds_and_writes_nothing_later(
    database_url: str, connection: Any, school: None
) -> None:
    with projector(database_url) as first:
        before = await leader_pid(connection)
        await folded_in(connection, 5)
        with projector(database_url):
            await asyncio.sleep(1.5)
            first.send_signal(signal.SIGSTOP)
            await connection.execute(GRADE)
            assert await folded_in(connection, 15) < 10.0
            assert await leader_pid(connection) != before
            first.send_signal(signal.SIGCONT)
            for _ in range(20):
                await connection.execute(GRADE)
            await folded_in(connection, 5)
            events = await connection.fetchval(
                "select count(*) from classpulse.events where type = 'grade_update'"
            )
            assert events == 21


async def test_a_leader_whose_backend_is_ended_leads_again(
    database_url: str, connection: Any, school: None
) -> None:
    with projector(database_url):
        for _ in range(3):
            pid = await leader_pid(connection)
            await connection.fetchval("select pg_terminate_backend($1)", pid)
            await connection.execute(GRADE)
            assert await folded_in(connection, 5) < 3.0
        assert (await verify(database_url)).differences == []


async def test_verify_beside_a_leader_finds_and_repairs_what_differs(
    database_url: str, connection: Any, school: None
) -> None:
    with projector(database_url):
        await connection.execute(GRADE)
        await folded_in(connection, 5)
        await connection.execute("update student_performance_summaries set average = 99")
        await connection.execute("update performance_cache set passed_students = 7")
        await connection.execute("delete from classpulse.subject_standings")
        await connection.execute("alter table grades disable trigger classpulse_capture_delete")
        found = await verify(database_url)
        assert len(found.capture) == 1
        assert "grades" in found.capture[0]
        assert any("average 99" in line for line in found.figures)
        await verify(database_url, repair=True)
        assert (await verify(database_url)).differences == []
        average = await connection.fetchval(
            "select average from student_performance_summaries where student_id = 1"
        )
        assert average == 50


async def test_an_altered_capture_function_is_found_and_repaired(
    database_url: str, connection: Any, school: None
) -> None:
    await connection.execute(
        "create or replace function classpulse.wake_projector() returns void"
        " language plpgsql as $$ begin end $$"
    )
    found = await verify(database_url)
    assert found.capture == ["classpulse.wake_projector: the function was altered"]
    await verify(database_url, repair=True)
    assert (await verify(database_url)).differences == []


async def test_rows_written_past_the_triggers_are_found_and_repaired(
    database_url: str, connection: Any, school: None
) -> None:
    assert (await verify(database_url)).differences == []
    await connection.execute("alter table grades disable trigger user")
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, total_marks, status)"
        " values (1, 1, 1, 50, 100, 'graded')"
    )
    await connection.execute("alter table grades enable trigger user")
    assert (await verify(database_url)).figures
    await verify(database_url, repair=True)
    assert (await verify(database_url)).differences == []


async def test_another_database_starts_another_epoch(
    database_url: str, connection: Any, school: None
) -> None:
    first = (await open_log(connection)).epoch
    assert (await open_log(connection)).epoch == first
    await connection.execute(
        "update classpulse.state set identity = jsonb_set(identity, '{timeline}', '\"00000007\"')"
    )
    second = (await open_log(connection)).epoch
    assert second != first
    assert await renew(connection) not in {first, second}
