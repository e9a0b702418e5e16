"""What capture costs a statement, counted: calls, bytes of WAL, rows and buffers, not time."""

import asyncio
import re
from typing import Any

import asyncpg
import pytest

Connection = Any

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 1000) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 1000) as n;
"""
GRADE = (
    "insert into grades (student_id, section_id, subject_id, score, total_marks, status)"
    " values (1, 1, 1, 50, 100, 'graded')"
)
GRADES = (
    "insert into grades (student_id, section_id, subject_id, score, total_marks, status)"
    " select 1 + n % 1000, 1, 1, n % 100, 100, 'graded' from generate_series(1, $1::int) as n"
)


@pytest.fixture
async def school(connection: Connection) -> None:
    await connection.execute(SCHOOL)


async def calls(connection: Connection) -> dict[str, int]:
    """How often each of our functions ran since the last look."""
    await connection.execute("select pg_stat_force_next_flush()")
    rows = await connection.fetch(
        "select funcname, calls from pg_stat_user_functions where schemaname = 'classpulse'"
    )
    await connection.execute("select pg_stat_reset()")
    return {row["funcname"]: row["calls"] for row in rows if row["calls"]}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (GRADE, {"capture_insert": 1}),
        ("update grades set score = score", {"touch": 1, "capture_update": 1}),
        ("delete from grades", {"capture_delete": 1}),
    ],
)
async def test_a_row_is_captured_by_one_call_while_the_projector_is_awake(
    connection: Connection, school: None, statement: str, expected: dict[str, int]
) -> None:
    await connection.execute("select setval('classpulse.projector_asleep', 0)")
    if statement != GRADE:
        await connection.execute(GRADE)
    await connection.execute("set track_functions = 'all'")
    await calls(connection)
    await connection.execute(statement)
    assert await calls(connection) == expected


async def test_the_flag_is_read_as_it_stands_now_whatever_the_snapshot(
    database_url: str, connection: Connection, school: None
) -> None:
    """On every version of Postgres: what the capture functions read it by is in no manual."""
    heard = asyncio.Event()
    listener = await asyncpg.connect(database_url)
    await listener.add_listener("classpulse_wake", lambda *_: heard.set())
    other = await asyncpg.connect(database_url)
    await other.execute("select setval('classpulse.projector_asleep', 0)")
    await connection.execute("begin isolation level repeatable read; select 1 from schools")
    await other.execute("select setval('classpulse.projector_asleep', 1)")
    await connection.execute(GRADE)
    await connection.execute("commit")
    async with asyncio.timeout(5):
        await heard.wait()
    await listener.close()
    await other.close()


async def test_a_captured_row_costs_few_bytes_of_wal(connection: Connection, school: None) -> None:
    async def logged(count: int) -> float:
        before = await connection.fetchval("select pg_current_wal_insert_lsn()")
        for _ in range(count):
            await connection.execute(GRADE)
        now = await connection.fetchval("select pg_current_wal_insert_lsn()")
        difference = await connection.fetchval("select $1::pg_lsn - $2::pg_lsn", now, before)
        return float(difference) / count

    await connection.execute("checkpoint")
    await logged(20)
    captured = await logged(200)
    await connection.execute("alter table grades disable trigger classpulse_capture_insert")
    await logged(20)
    bare = await logged(200)
    assert captured - bare < 460


async def test_an_update_of_many_rows_that_changes_none_appends_nothing_and_sorts_nothing(
    connection: Connection, school: None
) -> None:
    await connection.execute("alter table grades disable trigger classpulse_capture_insert")
    await connection.execute(GRADES, 200_000)
    await connection.execute(
        "alter table grades enable always trigger classpulse_capture_insert;"
        " truncate classpulse.changes; set work_mem = '64MB'; set max_parallel_workers = 0"
    )
    await connection.execute("vacuum analyze grades")
    before = await connection.fetchrow(
        "select pg_relation_size('classpulse.changes') as size, pg_current_wal_insert_lsn() as at"
    )
    plan = await connection.fetch(
        "explain (analyze, buffers, timing off) update grades set score = score"
    )
    text = "\n".join(row[0] for row in plan)
    after = await connection.fetchrow(
        "select pg_relation_size('classpulse.changes') as size, count(*) as changes"
        " from classpulse.changes"
    )
    assert (after["size"], after["changes"]) == (before["size"], 0)
    # the rows before and after are written to files once each, whatever is compared
    spilled = re.search(r"temp read=(\d+) written=(\d+)", text)
    assert spilled is None or max(map(int, spilled.groups())) < 25_000, text


async def test_an_update_of_many_rows_tells_the_few_that_changed(
    connection: Connection, school: None
) -> None:
    await connection.execute(GRADES, 3000)
    await connection.execute("truncate classpulse.changes")
    await connection.execute(
        "update grades set score = case when id % 1000 = 7 then 77.5 else score end"
    )
    rows = await connection.fetch("select operation, new ->> 'score' from classpulse.changes")
    assert [tuple(row) for row in rows] == [("update", "77.5")] * 3
