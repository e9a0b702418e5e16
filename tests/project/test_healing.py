"""What a database's administrator does as a matter of routine is put right by the leader."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from leaders import leading

from classpulse.database.install.migrate import heal
from classpulse.project.verify import verify
from classpulse.sql import queries

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 10) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 10) as n;
insert into exams (id, section_id, subject_id, name) values (1, 1, 1, 'First');
insert into grades (student_id, exam_id, score) select n, 1, 50 from generate_series(1, 10) as n;
"""
AVERAGE = "select average from student_performance_summaries where student_id = $1"


@pytest.fixture
async def led(database_url: str, connection: Any) -> AsyncIterator[None]:
    """A school whose figures a leader keeps."""
    await connection.execute(SCHOOL)
    async with leading(database_url):
        await figures(connection)
        yield


async def figures(connection: Any) -> None:
    await connection.execute("call performance_wait(timeout => '20 s')")


async def intact(connection: Any, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await connection.fetchval("select classpulse.capture_is_intact()"):
            await asyncio.sleep(0.05)


@pytest.mark.reliability("a routine act stops what is live")
@pytest.mark.parametrize(
    "acts",
    [
        ("alter table grades disable trigger all", "alter table grades enable trigger all"),
        ("alter table grades disable trigger user",),
        ("drop trigger classpulse_capture_update on grades",),
        (
            "create or replace trigger classpulse_capture_insert after insert on grades"
            " referencing new table as new_rows for each statement when (false)"
            " execute function classpulse.capture_insert('grades', 'section')",
            "alter table grades enable always trigger classpulse_capture_insert",
        ),
        (
            "create or replace trigger classpulse_capture_update after update of remarks on grades"
            " for each statement execute function classpulse.capture_update('grades', 'section')",
            "alter table grades enable always trigger classpulse_capture_update",
        ),
        (
            "create or replace trigger classpulse_capture_insert after insert on grades"
            " referencing new table as new_rows for each statement"
            " execute function classpulse.capture_insert('exams', 'section')",
            "alter table grades enable always trigger classpulse_capture_insert",
        ),
    ],
    ids=["off and on", "off", "dropped", "a condition", "some columns", "other arguments"],
)
async def test_a_trigger_is_put_back_and_what_was_missed_is_in_the_figures(
    led: None, connection: Any, acts: tuple[str, ...]
) -> None:
    await connection.execute(acts[0])
    await connection.execute("update grades set score = 60")
    for act in acts[1:]:
        await connection.execute(act)
    assert not await connection.fetchval("select classpulse.capture_is_intact()")
    await intact(connection)
    await figures(connection)
    assert await connection.fetchval(AVERAGE, 1) == 60
    await connection.execute("update grades set score = 70")
    await figures(connection)
    assert await connection.fetchval(AVERAGE, 1) == 70


@pytest.mark.reliability("a routine act stops what is live")
@pytest.mark.parametrize("guard", ["classpulse_touch on exams", "classpulse_move_grades on exams"])
async def test_a_guard_is_put_back_too(led: None, connection: Any, guard: str) -> None:
    await connection.execute(f"drop trigger {guard}")
    name = guard.split()[0]
    async with asyncio.timeout(15):
        while not await connection.fetchval(
            "select exists (select from pg_trigger"
            " where tgname = $1 and tgrelid = 'exams'::regclass)",
            name,
        ):
            await asyncio.sleep(0.05)


@pytest.mark.reliability("a table's parts come and go")
async def test_a_new_partition_is_captured_and_one_with_rows_is_in_the_figures(
    database_url: str, connection: Any
) -> None:
    await connection.execute(SCHOOL)
    await connection.execute(PARTITIONED)
    async with leading(database_url):
        await intact(connection)
        await connection.execute(
            "insert into grades (student_id, section_id, exam_id, score)"
            " select id, 1, 1, 50 from students"
        )
        await figures(connection)
        position = await connection.fetchval("select position from classpulse.state")
        await connection.execute(
            "create table public.grades_2 partition of grades for values in (2)"
        )
        await intact(connection)
        await asyncio.sleep(0.5)
        # an empty one hid nothing
        assert await connection.fetchval("select count(*) from classpulse.stale_sections") == 0
        assert await connection.fetchval("select position from classpulse.state") == position
        await connection.execute(
            "create table public.grades_3 (like grades including defaults including constraints);"
            " insert into enrollments (student_id, section_id) values (1, 3);"
            " insert into grades_3"
            " (id, student_id, section_id, subject_id, score, total_marks, status)"
            " values (500, 1, 3, 1, 80, 100, 'graded')"
        )
        await connection.execute("alter table grades attach partition grades_3 for values in (3)")
        await intact(connection)
        await figures(connection)
        assert await connection.fetchval(f"{AVERAGE} and section_id = 3", 1) == 80
        await connection.execute("update grades_3 set score = 90")
        await figures(connection)
        assert await connection.fetchval(f"{AVERAGE} and section_id = 3", 1) == 90
        await connection.execute("alter table grades detach partition grades_3")
        await intact(connection)
        await figures(connection)
        assert await connection.fetchval(f"{AVERAGE} and section_id = 3", 1) is None
    assert (await verify(database_url)).differences == []


PARTITIONED = """
alter table grades rename to grades_before;
create table public.grades (like grades_before including defaults including constraints)
partition by list (section_id);
alter table grades alter column id add generated by default as identity;
create table public.grades_1 partition of grades for values in (1);
insert into sections (id, school_id, name) select 3, id, 'C' from schools;
"""


@pytest.mark.reliability("a table's parts come and go")
async def test_a_table_that_inherits_is_captured_for_itself(
    led: None, database_url: str, connection: Any
) -> None:
    await connection.execute("create table public.grades_2024 (note text) inherits (grades)")
    await intact(connection)
    await connection.execute(
        "insert into grades_2024"
        " (id, student_id, section_id, subject_id, score, total_marks, status, note)"
        " values (900, 1, 1, 1, 100, 100, 'graded', 'x')"
    )
    await figures(connection)
    assert await connection.fetchval(AVERAGE, 1) == 75
    await connection.execute("update grades set score = 60 where id = 900")
    await figures(connection)
    assert await connection.fetchval(AVERAGE, 1) == 55
    told = await connection.fetchval(
        "select count(*) from classpulse.events where type = 'grade_update'"
        " and payload like '%\"grade_id\":900%'"
    )
    assert told == 2
    assert (await verify(database_url)).differences == []


@pytest.mark.reliability("a table is exchanged for another")
async def test_tables_exchanged_by_renaming_are_followed_by_their_name(
    led: None, database_url: str, connection: Any
) -> None:
    await connection.execute("create table public.grades_next (like grades including all)")
    for average in (90, 30, 70):
        # each time the table that was away comes back, with its own triggers from the second on
        await connection.execute("truncate grades_next")
        await connection.execute(
            "insert into grades_next overriding system value select * from grades"
        )
        await connection.execute(f"update grades_next set score = {average}")
        await connection.execute(
            "begin; alter table grades rename to grades_away;"
            " alter table grades_next rename to grades;"
            " alter table grades_away rename to grades_next; commit"
        )
        assert not await connection.fetchval("select classpulse.capture_is_intact()")
        await intact(connection)
        await figures(connection)
        assert await connection.fetchval(AVERAGE, 1) == average
        exam = "select average from classpulse.exam_figures where exam_id = 1"
        assert await connection.fetchval(exam) == average
    await connection.execute("update grades set score = 55 where student_id = 1")
    await figures(connection)
    assert await connection.fetchval(AVERAGE, 1) == 55
    found = await verify(database_url)
    assert found.differences == []
    assert any("public.grades has no foreign key" in note for note in found.notes)


@pytest.mark.reliability("a routine act stops what is live")
async def test_putting_back_keeps_no_writer_waiting(
    led: None, database_url: str, connection: Any
) -> None:
    report = await asyncpg.connect(database_url)
    writer = await asyncpg.connect(database_url)
    await connection.execute("alter table grades disable trigger classpulse_capture_update")
    await report.execute("begin; lock table grades in row exclusive mode")
    longest = 0.0
    until = time.monotonic() + 6
    while time.monotonic() < until:
        began = time.monotonic()
        await writer.execute("update grades set score = score + 1 where student_id = 2")
        longest = max(longest, time.monotonic() - began)
        await asyncio.sleep(0.005)
    assert longest < 0.8
    await report.execute("rollback")
    await intact(connection, 30)
    await report.close()
    await writer.close()


@pytest.mark.reliability("a routine act stops what is live")
async def test_what_only_the_school_can_put_right_is_said_and_left_alone(
    database_url: str, connection: Any
) -> None:
    await connection.execute(
        "create foreign data wrapper nothing; create server far foreign data wrapper nothing;"
        "create foreign table far_register () inherits (attendance) server far"
    )
    assert not await connection.fetchval("select classpulse.capture_is_intact()")
    assert not await connection.fetchval(queries("leader")["look"])
    assert (await heal(database_url)).objects == []
    said = [row["sentence"] for row in await connection.fetch(queries("health")["problems"])]
    assert len(said) == 1
    assert said[0].endswith("detach it")
