"""The simulator: realistic, bounded, and only where it may."""

import asyncio
import random
from typing import Any

import asyncpg
import pytest

from classpulse.demo.load import load
from classpulse.demo.simulation import RealDataError, simulate
from classpulse.errors import DatabaseError

Connection = asyncpg.Connection


async def test_it_refuses_a_database_that_the_demo_did_not_make(
    database_url: str, connection: Connection
) -> None:
    await connection.execute("insert into schools (name) values ('Real')")
    with pytest.raises(RealDataError, match="--into-real-data"):
        await simulate(database_url, rate=1000, count=1)
    with pytest.raises(DatabaseError, match="no section"):
        await simulate(database_url, rate=1000, count=1, into_real_data=True)


async def test_it_writes_grades_attendance_and_exams(
    database_url: str, connection: Connection
) -> None:
    await load(database_url, students=24)
    await connection.execute("insert into schools (name) values ('Beside it')")
    told: list[str] = []
    await simulate(database_url, rate=1000, count=300, told=told.append, draw=random.Random(1))
    assert len(told) == 300
    kinds = {line.split(":")[0] for line in told}
    assert {"grade", "attendance", "correction", "exam moved"} <= kinds
    today = await connection.fetchval(
        "select count(*) from attendance where created_at > now() - interval '1 minute'"
        " and date > current_date - 3"
    )
    assert today >= 24


async def test_weeks_of_it_leave_a_school_that_still_looks_like_one(
    database_url: str, connection: Connection
) -> None:
    figures = """
        select avg(score / total_marks * 100)::float as average,
               stddev(score / total_marks * 100)::float as spread,
               (select avg((status in ('present', 'late'))::int)::float from attendance) as there,
               (select count(*) from exams) as exams
        from grades where status = 'graded' and total_marks > 0
    """
    await load(database_url, students=24)
    before = await connection.fetchrow(figures)
    # an exam's half hour passes at once, so that many are set, marked and withdrawn
    await connection.execute("alter table exams alter created_at set default '2020-01-01'")
    await simulate(database_url, rate=1e6, count=3000, draw=random.Random(2))
    after = await connection.fetchrow(figures)
    assert before is not None
    assert after is not None
    assert after["average"] == pytest.approx(before["average"], abs=3)
    assert after["spread"] == pytest.approx(before["spread"], rel=0.25)
    assert after["there"] == pytest.approx(before["there"], abs=0.03)
    assert after["exams"] <= before["exams"] + 6 * 24


async def test_it_writes_with_a_writers_rights_alone(
    database_url: str, connection: Connection
) -> None:
    await load(database_url, students=12)
    await connection.execute("revoke update, insert on grades from classpulse_writer")
    with pytest.raises((asyncpg.InsufficientPrivilegeError, DatabaseError)):
        await simulate(database_url, rate=1e6, count=100, draw=random.Random(3))


async def test_a_lost_connection_is_made_again(database_url: str, connection: Connection) -> None:
    await load(database_url, students=12)
    told: list[str] = []
    running = asyncio.create_task(simulate(database_url, rate=200, count=None, told=told.append))
    try:
        await _grown(told)
        ended = await connection.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where application_name = 'classpulse simulate' and datname = current_database()"
        )
        assert ended == 1
        await _grown(told)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_patient_one_waits_for_its_first_connection(
    cluster: Any, database_url: str, connection: Connection
) -> None:
    await load(database_url, students=12)
    name = await connection.fetchval("select current_database()")
    cluster.run(f"alter database {name} allow_connections false")
    with pytest.raises(DatabaseError):
        await simulate(database_url, rate=200, count=None)
    told: list[str] = []
    running = asyncio.create_task(
        simulate(database_url, rate=200, count=None, patient=True, told=told.append)
    )
    try:
        await asyncio.sleep(0.5)
        cluster.run(f"alter database {name} allow_connections true")
        await _grown(told)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _grown(told: list[str]) -> None:
    seen = len(told)
    async with asyncio.timeout(10):
        while len(told) < seen + 5:
            await asyncio.sleep(0.02)
