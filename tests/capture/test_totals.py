"""A grade's total follows its exam's, also while others write."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

pytestmark = pytest.mark.reliability("totals that change while grades are written")
SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 50) as n;
insert into exams (id, section_id, subject_id, name) values (1, 1, 1, 'Quiz'), (2, 1, 1, 'Test');
"""


@pytest.fixture
async def other(database_url: str, connection: Any) -> AsyncIterator[Any]:
    await connection.execute(SCHOOL)
    other = await asyncpg.connect(database_url, server_settings={"statement_timeout": "20s"})
    yield other
    await other.close()


async def waits(connection: Any, task: "asyncio.Task[Any]") -> bool:
    for _ in range(200):
        if task.done():
            return False
        if await connection.fetchval(
            "select exists (select from pg_locks where not granted and database ="
            " (select oid from pg_database where datname = current_database()))"
        ) or await connection.fetchval(
            "select exists (select from pg_stat_activity where wait_event_type = 'Lock'"
            " and datname = current_database())"
        ):
            return True
        await asyncio.sleep(0.02)
    return False


async def totals(connection: Any) -> set[Any]:
    return {row[0] for row in await connection.fetch("select total_marks from grades")}


@pytest.mark.parametrize("given", ["", ", total_marks"])
async def test_a_grade_not_yet_committed_gets_the_new_total_of_its_exam(
    connection: Any, other: Any, given: str
) -> None:
    await connection.execute("begin")
    await connection.execute(
        f"insert into grades (student_id, exam_id, score{given})"
        f" values (1, 1, 40{', 100' if given else ''})"
    )
    change = asyncio.create_task(other.execute("update exams set total_marks = 50 where id = 1"))
    assert await waits(connection, change)
    await connection.execute("commit")
    await change
    assert await totals(connection) == {50}


async def test_a_grade_written_after_an_uncommitted_change_waits_for_the_new_total(
    connection: Any, other: Any
) -> None:
    await other.execute("begin")
    await other.execute("update exams set total_marks = 50 where id = 1")
    insert = asyncio.create_task(
        connection.execute("insert into grades (student_id, exam_id, score) values (1, 1, 40)")
    )
    assert await waits(other, insert)
    await other.execute("commit")
    await insert
    assert await totals(connection) == {50}


async def test_a_change_that_is_rolled_back_leaves_the_old_total(
    connection: Any, other: Any
) -> None:
    await other.execute("begin")
    await other.execute("update exams set total_marks = 50 where id = 1")
    insert = asyncio.create_task(
        connection.execute("insert into grades (student_id, exam_id, score) values (1, 1, 40)")
    )
    assert await waits(other, insert)
    await other.execute("rollback")
    await insert
    assert await totals(connection) == {100}


async def test_an_exam_that_moves_takes_a_grade_along_that_is_being_written(
    connection: Any, other: Any
) -> None:
    await other.execute("begin")
    await other.execute("update exams set section_id = 2 where id = 1")
    insert = asyncio.create_task(
        connection.execute("insert into grades (student_id, exam_id, score) values (1, 1, 40)")
    )
    assert await waits(other, insert)
    await other.execute("commit")
    await insert
    assert await connection.fetchval("select section_id from grades") == 2


async def test_writers_of_grades_do_not_wait_for_each_other_nor_for_other_changes_of_the_exam(
    connection: Any, other: Any
) -> None:
    await connection.execute("begin")
    await connection.execute("insert into grades (student_id, exam_id, score) values (1, 1, 40)")
    await other.execute("insert into grades (student_id, exam_id, score) values (2, 1, 40)")
    await other.execute("update exams set name = 'Quiz 1' where id = 1")
    await connection.execute("update exams set name = 'Quiz 2' where id = 1")
    await connection.execute("commit")


async def test_writers_and_changes_at_random_end_with_the_exams_totals(
    connection: Any, other: Any, database_url: str
) -> None:
    async def write(students: range) -> None:
        writer = await asyncpg.connect(database_url)
        try:
            for student in students:
                for exam in (1, 2):
                    await writer.execute(
                        "insert into grades (student_id, exam_id, score) values ($1, $2, 1)",
                        student,
                        exam,
                    )
        finally:
            await writer.close()

    async def change() -> None:
        for total in range(10, 40):
            await other.execute("update exams set total_marks = $1", total)

    await asyncio.gather(write(range(1, 25)), write(range(25, 50)), change())
    found = await connection.fetch(
        "select distinct grade.total_marks, exam.total_marks"
        " from grades as grade join exams as exam on exam.id = grade.exam_id"
    )
    assert [tuple(row) for row in found] == [(39, 39)]
