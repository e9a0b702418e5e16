"""The log goes on in a new partition each day, and old partitions are dropped in nobody's way."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from event_log import publishing, reading

from classpulse.events import Scope
from classpulse.project.batch import Cursor, project
from classpulse.project.epoch import open_log
from classpulse.project.leader import Leader
from classpulse.project.partitions import Partitions
from classpulse.project.verify import verify
from classpulse.serve.api.history import history_of
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.snapshot import open_pool
from project.batches import SCHOOL
from project.processes import wait_for

WIDTH = 1_000_000_000
GRADE = "insert into grades (student_id, section_id, subject_id, score) values (1, 1, 1, 50)"
WEEK = timedelta(days=7)
NAMES = "select array_agg(name order by lower) from classpulse.log_partitions"


@pytest.fixture
async def cursor(connection: Any) -> Cursor:
    await connection.execute(SCHOOL)
    return await open_log(connection)


@pytest.fixture
async def partitions(database_url: str) -> AsyncIterator[Partitions]:
    partitions = Partitions(database_url, WEEK)
    yield partitions
    await partitions.close()


async def write(connection: Any, cursor: Cursor, count: int = 1) -> None:
    for _ in range(count):
        await connection.execute(GRADE)
        await project(connection, cursor)


async def age(connection: Any, days: int) -> None:
    await connection.execute(
        "update classpulse.events set logged_at = logged_at - make_interval(days => $1)", days
    )


async def look(partitions: Partitions, connection: Any, cursor: Cursor) -> None:
    """A look, and all that follows from it."""
    await partitions.look(connection, cursor)
    while partitions.is_at_work:
        await asyncio.sleep(0.01)


async def test_the_log_goes_on_in_the_next_partition_when_the_day_turns(
    connection: Any, cursor: Cursor, partitions: Partitions
) -> None:
    await write(connection, cursor)
    reached = cursor.position
    await look(partitions, connection, cursor)
    assert cursor.position == reached
    await age(connection, 1)
    for _ in range(2):
        await look(partitions, connection, cursor)
        assert cursor.position == WIDTH - 1
    await write(connection, cursor)
    assert await connection.fetchval("select position from classpulse.state") == WIDTH
    await look(partitions, connection, cursor)
    assert cursor.position == WIDTH
    # two are always ahead
    assert await connection.fetchval(NAMES) == ["events_0", "events_1", "events_2", "events_3"]


@pytest.mark.parametrize("many", [False, True])
async def test_a_resume_and_a_history_across_the_days_leave_no_gap(
    database_url: str, connection: Any, cursor: Cursor, partitions: Partitions, many: bool
) -> None:
    for _ in range(3):
        await write(connection, cursor, 3)
        await age(connection, 1)
        await look(partitions, connection, cursor)
    rows = await connection.fetch(
        "select position from classpulse.events where type = 'grade_update' order by position"
    )
    positions = [row["position"] for row in rows]
    assert len(positions) == 9
    assert positions[-1] > 2 * WIDTH
    scope = Scope(sections=frozenset(range(1, 300 if many else 3)))
    async with publishing(database_url) as publisher:
        publisher.hub.ring.restart(positions[-1])
        first = f"{cursor.epoch}-{positions[0]}"
        async with reading(publisher, scope, since=first) as reader:
            assert [
                event["position"] for event in reader.events if event["type"] == "grade_update"
            ] == positions[1:]
    database = open_pool(database_url, pooled=False)
    await database.connect()
    viewer = Viewer(1, "A", "a@b.c", "educator", None, scope)
    shown: list[int] = []
    before = None
    while True:
        page = await history_of(database, viewer, before=before, limit=2, types=["grade_update"])
        assert page["total"] == 9
        shown += [json.loads(bytes(item))["position"] for item in page["items"]]
        before = page["next"]
        if before is None:
            break
    assert shown == positions[::-1]
    await database.disconnect()


async def test_a_day_past_the_retention_is_dropped_and_said_to_be_gone(
    database_url: str, connection: Any, cursor: Cursor, partitions: Partitions
) -> None:
    await write(connection, cursor)
    last = cursor.position
    await age(connection, 8)
    await look(partitions, connection, cursor)
    # the newest event stays: it says where the log stands
    assert "events_0" in await connection.fetchval(NAMES)
    await write(connection, cursor)
    await look(partitions, connection, cursor)
    assert "events_0" not in await connection.fetchval(NAMES)
    assert await connection.fetchval("select kept_from from classpulse.state") == last + 1
    assert await connection.fetchval("select min(position) from classpulse.event_sections") == WIDTH
    async with publishing(database_url) as publisher:
        everything = Scope(everything=True)
        async with reading(publisher, everything, since=f"{cursor.epoch}-{last - 1}") as reader:
            assert "reset" in reader.types()
        async with reading(publisher, everything, since=f"{cursor.epoch}-{last}") as reader:
            assert WIDTH in reader.positions


@pytest.mark.reliability("a routine act stops what is live")
async def test_a_dump_that_holds_the_log_delays_the_drop_and_nobody_else(
    database_url: str, connection: Any, cursor: Cursor, partitions: Partitions
) -> None:
    await write(connection, cursor)
    await age(connection, 8)
    await look(partitions, connection, cursor)
    await write(connection, cursor)
    dump = await asyncpg.connect(database_url)
    await dump.execute("begin; lock table classpulse.events in access share mode")
    reader = await asyncpg.connect(database_url)
    longest = 0.0
    for _ in range(20):
        await partitions.look(connection, cursor)
        began = time.monotonic()
        await reader.fetchval("select max(position) from classpulse.events")
        await write(connection, cursor)
        longest = max(longest, time.monotonic() - began)
        await asyncio.sleep(0.01)
    assert "events_0" in await connection.fetchval(NAMES)
    assert longest < 1.0
    await dump.execute("rollback")
    for _ in wait_for(10):
        await look(partitions, connection, cursor)
        if "events_0" not in await connection.fetchval(NAMES):
            break
    await dump.close()
    await reader.close()


async def test_where_no_partition_can_be_made_the_log_goes_on_and_forgets_row_by_row(
    connection: Any, cursor: Cursor, partitions: Partitions, caplog: pytest.LogCaptureFixture
) -> None:
    await connection.execute("drop table classpulse.events_1, classpulse.events_2")
    # what is in the way of the next one
    await connection.execute("create table classpulse.events_1 (id int)")
    await write(connection, cursor, 3)
    reached = cursor.position
    await age(connection, 8)
    await look(partitions, connection, cursor)
    assert "could not be made or dropped yet" in caplog.text
    assert cursor.position == reached
    await write(connection, cursor)
    gone = await connection.fetchval(
        "select classpulse.forget_events($1, $2)", WEEK, partitions.span
    )
    assert gone == reached
    assert await connection.fetchval("select kept_from from classpulse.state") == reached + 1
    assert await connection.fetchval("select count(*) from classpulse.event_sections") == 1


async def test_a_closed_day_is_left_to_the_drop_unless_that_is_long_overdue(
    connection: Any, cursor: Cursor, partitions: Partitions
) -> None:
    await write(connection, cursor)
    await age(connection, 7)
    await look(partitions, connection, cursor)
    await write(connection, cursor)
    forget = "select classpulse.forget_events($1, $2)"
    assert await connection.fetchval(forget, WEEK, partitions.span) == 0
    await age(connection, 1)
    assert await connection.fetchval(forget, WEEK, partitions.span) > 0
    assert await connection.fetchval(forget, WEEK, partitions.span) == 0


async def test_a_log_restored_far_ahead_has_room_before_anything_is_written(
    connection: Any, cursor: Cursor
) -> None:
    await connection.execute("update classpulse.state set position = $1", 7 * WIDTH + 5)
    cursor = await open_log(connection)
    await write(connection, cursor)
    assert await connection.fetchval("select min(position) from classpulse.events") == 7 * WIDTH + 6


async def test_a_long_retention_has_no_more_partitions() -> None:
    assert Partitions("", timedelta(seconds=5)).span == timedelta(days=1)
    assert Partitions("", timedelta(days=30)).span == timedelta(days=1)
    assert Partitions("", timedelta(days=365)).span == timedelta(days=13)


async def test_verify_finds_events_that_are_not_listed_and_lists_them(
    database_url: str, connection: Any, cursor: Cursor
) -> None:
    await write(connection, cursor)
    listed = "select count(*) from classpulse.event_sections"
    before = await connection.fetchval(listed)
    assert (await verify(database_url)).differences == []
    await connection.execute("truncate classpulse.event_sections")
    found = await verify(database_url, repair=True)
    assert [one for one in found.differences if f"{before} entries" in one]
    assert await connection.fetchval(listed) == before
    assert (await verify(database_url)).differences == []


async def test_a_retention_of_seconds_is_kept_as_exactly(
    database_url: str, connection: Any
) -> None:
    await connection.execute(SCHOOL)
    leader = Leader(database_url, retention=timedelta(seconds=2))
    leading = asyncio.create_task(leader.run())
    await connection.execute(GRADE)
    for _ in range(500):
        newest, kept_from, left = await connection.fetchrow(
            "select state.position, state.kept_from,"
            " (select count(*) from classpulse.events) as left from classpulse.state as state"
        )
        if newest and left == 1:
            break
        await asyncio.sleep(0.02)
    assert (kept_from, left) == (newest, 1)
    leading.cancel()
    await asyncio.wait([leading])
