"""What students are sorted and searched by follows their names; events carry short ones."""

import json
from typing import Any

import pytest
from leaders import leading

from classpulse.project.verify import verify

SCHOOL = """
insert into schools (id, name) values (1, 'School'), (2, 'Other');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name, last_name)
select n, 1, 'Åsa ' || n, 'Öhman' from generate_series(10001, 10010) as n;
insert into enrollments (student_id, section_id)
select n, 1 from generate_series(10001, 10010) as n;
insert into exams (id, section_id, subject_id, name) values (1, 1, 1, 'Quiz'), (2, 1, 1, 'Test');
"""
DIFFERING = """
select count(*)
from classpulse.expected_names as expected
full join classpulse.student_names as named using (student_id)
where (expected.basis, expected.by_name, expected.by_last_name, expected.words, expected.number)
    is distinct from (named.basis, named.by_name, named.by_last_name, named.words, named.number)
"""
LONG = "é" * 900_000


@pytest.fixture
async def school(connection: Any) -> None:
    await connection.execute(SCHOOL)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into students (school_id, first_name) values (1, 'New')",
        "update students set last_name = 'Ek' where id = 10003",
        "update students set student_number = 'X9', email = 'x@y' where id = 10003",
        "update students set school_id = 2 where id = 10003",
        "update schools set locale = 'sv' where id = 1",
        "insert into schools (id, name, locale) values (3, 'New', 'sv')",
        "delete from students where id = 10003",
        "insert into students (school_id, first_name)"
        " select 1, 'Many' from generate_series(1, 3000)",
        "update students set first_name = 'Ida ' || id",
        "truncate students cascade",
    ],
)
async def test_names_are_sorted_and_searched_as_they_are_now(
    database_url: str, connection: Any, school: None, statement: str
) -> None:
    await connection.execute("update schools set locale = 'de' where id = 2")
    async with leading(database_url):
        await connection.execute("call performance_wait(timeout => '20 s')")
        assert await connection.fetchval(DIFFERING) == 0
        await connection.execute(statement)
        await connection.execute("call performance_wait(timeout => '20 s')")
        assert await connection.fetchval(DIFFERING) == 0


async def test_a_new_leader_names_those_whom_an_earlier_version_took_in(
    database_url: str, connection: Any, school: None
) -> None:
    async with leading(database_url):
        await connection.execute("call performance_wait(timeout => '20 s')")
    await connection.execute(
        "delete from classpulse.student_names where student_id = 10001;"
        "update students set last_name = 'Ek' where id = 10003; delete from classpulse.changes"
    )
    async with leading(database_url):
        await connection.execute("call performance_wait(timeout => '20 s')")
    assert await connection.fetchval(DIFFERING) == 0


@pytest.mark.reliability("one row that can't be handled")
async def test_a_student_without_a_last_name_stops_no_leader(
    database_url: str, connection: Any, school: None
) -> None:
    await connection.execute(
        "alter table students alter last_name drop not null, alter first_name drop not null;"
        "update students set last_name = null where id = 10004;"
        "insert into students (school_id, first_name, last_name) values (1, null, null)"
    )
    async with leading(database_url):
        await connection.execute("call performance_wait(timeout => '20 s')")
    assert await connection.fetchval(DIFFERING) == 0
    assert await connection.fetchval(
        "select count(*) = (select count(*) from students) from classpulse.student_names"
    )


async def test_verify_finds_and_repairs_another_name(
    database_url: str, connection: Any, school: None
) -> None:
    async with leading(database_url):
        await connection.execute("call performance_wait(timeout => '20 s')")
    assert (await verify(database_url)).differences == []
    await connection.execute(
        "update classpulse.student_names set words = ' nobody' where student_id = 10004;"
        "delete from classpulse.student_names where student_id = 10005"
    )
    found = await verify(database_url, repair=True)
    assert len(found.differences) == 2
    assert "student 10004" in found.differences[0] + found.differences[1]
    assert (await verify(database_url)).differences == []
    assert await connection.fetchval(DIFFERING) == 0


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.reliability("names of any length")
async def test_no_event_carries_a_long_name_or_remark(
    database_url: str, connection: Any, school: None
) -> None:
    async with leading(database_url):
        for statement in (
            "update sections set name = $1",
            "update subjects set name = $1, code = null",
            "update exams set name = $1",
            "update students set first_name = $1, email = $1",
            "insert into grades (student_id, exam_id, score, remarks) values (10001, 1, 50, $1)",
            "insert into attendance (student_id, section_id, date, status, remarks)"
            " values (10001, 1, '2025-10-20', 'late', $1)",
        ):
            await connection.execute(statement, LONG)
        # their names outlive the rows
        for statement in (
            "delete from exams where id = 2",
            "delete from students where id = 10001",
            "delete from enrollments where student_id = 10002",
            "delete from students where id = 10002",
        ):
            await connection.execute(statement)
        await connection.execute("call performance_wait(timeout => '20 s')")
    events = [
        json.loads(row["payload"])
        for row in await connection.fetch("select payload from classpulse.events order by position")
    ]
    kinds = {event["event"] for event in events}
    assert kinds >= {"grade_updated", "attendance_updated", "exam_updated", "exam_deleted"}
    assert kinds >= {"student_updated", "student_left"}
    lengths = {len(text) for event in events for text in texts(event) if text.startswith("é")}
    assert lengths == {500, 2_000}
    assert await connection.fetchval("select max(octet_length(payload)) from classpulse.events") < (
        40_000
    )
