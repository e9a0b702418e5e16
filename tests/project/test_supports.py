"""A support that is opened, changed or closed by anybody is heard of where its student is seen."""

from decimal import Decimal
from typing import Any

import pytest

from project.batches import Log

SCHOOL = """
insert into schools (id, name) values (1, 'North'), (2, 'South');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B'), (3, 2, 'C');
insert into subjects (id, school_id, name) values (1, 1, 'M');
insert into students (id, school_id, first_name) values
(1, 1, 'Ada'), (2, 1, 'Ben'), (3, 2, 'Cem'), (4, 1, 'Nowhere');
insert into enrollments (student_id, section_id) values (1, 1), (1, 2), (2, 2), (3, 3);
"""
NOTE = "nobody else's business"


@pytest.fixture
async def log(connection: Any) -> Log:
    log = Log(connection)
    await connection.execute(SCHOOL)
    await log.fold()
    return log


def told(events: list[Any]) -> list[Any]:
    return [(e["event"], e["reason"], e["row"]["school_id"], e["section_ids"]) for e in events]


async def support(connection: Any, student: int, section: int | None = None) -> None:
    await connection.execute(
        "insert into supports (student_id, section_id, kind, note) values ($1, $2, 'talk', $3)",
        *(student, section, NOTE),
    )


async def test_it_is_told_in_every_section_of_its_student_and_no_note_with_it(
    connection: Any, log: Log
) -> None:
    await support(connection, 1, 1)
    captured = await connection.fetchval("select new::text from classpulse.changes")
    assert NOTE not in captured
    events = await log.fold()
    assert told(events) == [("figures_changed", "support", 1, [1, 2])]
    assert not any(NOTE in event["row"]["payload"] for event in events)
    # nor of whom it is
    assert "student" not in events[0]["row"]["payload"]
    for act in (
        "update supports set note = 'changed'",
        "update supports set closed_at = now(), outcome = 'well'",
        "delete from supports",
    ):
        await connection.execute(act)
        assert told(await log.fold()) == [("figures_changed", "support", 1, [1, 2])], act


async def test_a_student_in_no_section_is_told_to_who_sees_the_school(
    connection: Any, log: Log
) -> None:
    await support(connection, 4)
    assert told(await log.fold()) == [("figures_changed", "support", 1, [])]
    await support(connection, 4)
    await support(connection, 3)
    assert sorted(told(await log.fold())) == [
        ("figures_changed", "support", 1, []),
        ("figures_changed", "support", 2, [3]),
    ]


async def test_many_at_once_are_one_event_a_school(connection: Any, log: Log) -> None:
    await connection.execute(
        "insert into supports (student_id, kind)"
        " select 1 + n % 4, 'talk' from generate_series(1, 3000) as n"
    )
    expected = [
        ("figures_changed", "support", 1, [1, 2]),
        ("figures_changed", "support", 2, [3]),
    ]
    assert sorted(told(await log.fold())) == expected
    await connection.execute("truncate supports")
    assert sorted(told(await log.fold())) == expected


async def test_a_figure_that_changes_in_the_same_batch_is_told_as_ever(
    connection: Any, log: Log
) -> None:
    await connection.execute(
        "begin; insert into supports (student_id, kind) values (2, 'talk');"
        " insert into grades (student_id, section_id, subject_id, score) values (2, 2, 1, 80);"
        " update sections set name = 'B2' where id = 2; commit"
    )
    events = await log.fold()
    grade = next(event for event in events if event["type"] == "grade_update")
    assert grade["performance_data"]["student_average"] == Decimal(80)
    reasons = {event["reason"] for event in events if event["type"] == "figures_changed"}
    assert reasons == {"structure", "support"}


async def test_a_deleted_student_takes_their_supports_along(connection: Any, log: Log) -> None:
    await support(connection, 1, 1)
    await log.fold()
    await connection.execute("delete from students where id = 1")
    events = await log.fold()
    assert {event["type"] for event in events} == {"roster_update"}
    assert await connection.fetchval("select count(*) from supports") == 0
