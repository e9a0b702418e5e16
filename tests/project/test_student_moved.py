"""A student who changes sections: one event for who sees both sides; nobody is told the other."""

import json
from typing import Any

import msgspec
import pytest

from classpulse.events import Event
from classpulse.publish.compose import compose
from project.batches import Log

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values
(1, 1, 'Class 10-A'), (2, 1, 'Class 10-B'), (3, 1, 'C');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name) values (1, 1, 'Ada'), (2, 1, 'Ben');
insert into enrollments (student_id, section_id, roll_number) values (1, 1, 7), (2, 1, 8);
insert into grades (student_id, section_id, subject_id, score) values (1, 1, 1, 80);
"""
MOVES = {
    "an update": "update enrollments set section_id = 2 where student_id = 1",
    "two statements": "begin; delete from enrollments where student_id = 1;"
    " insert into enrollments (student_id, section_id, roll_number) values (1, 2, 12); commit",
    "the new one first": "begin;"
    " insert into enrollments (student_id, section_id, roll_number) values (1, 2, 12);"
    " delete from enrollments where student_id = 1 and section_id = 1; commit",
}


def seen(event: dict[str, Any], *visible: int) -> dict[str, Any]:
    row = event["row"]
    parts = {
        key: msgspec.Raw(json.dumps(part, default=str).encode())
        for key, part in event["parts"].items()
    }
    stored = Event(
        **{
            name: row[name]
            for name in ("position", "at", "type", "event", "school_id", "student_id")
        },
        section_ids=tuple(row["section_ids"]),
        subject_id=None,
        educator_id=None,
        payload=row["payload"],
        parts=parts,
        former_section_ids=tuple(row["former_section_ids"] or ()),
    )
    found: dict[str, Any] = json.loads(
        compose(stored, [s for s in row["section_ids"] if s in visible])
    )
    return found


@pytest.mark.parametrize("how", MOVES)
async def test_a_move_is_one_event_of_two_sides(connection: Any, how: str) -> None:
    await connection.execute(SCHOOL)
    log = Log(connection)
    await log.fold()
    await connection.execute(MOVES[how])
    (event,) = await log.fold()
    assert event["type"] == "roster_update"
    both = seen(event, 1, 2, 3)
    assert (both["event"], both["from_section_ids"], both["to_section_ids"]) == (
        "student_moved",
        [1],
        [2],
    )
    assert both["roster_data"]["section_id"] == 2
    assert both["also"][0]["roster_data"]["section_id"] == 1
    for section, word in ((1, "student_left"), (2, "student_joined")):
        one = seen(event, section)
        assert (one["event"], one["section_ids"]) == (word, [section])
        assert one["roster_data"]["section_id"] == section
        # of each side its own, whichever row was written last
        rolls = {1: 7, 2: 7 if how == "an update" else 12}
        assert one["roster_data"]["roll_number"] == rolls[section]
        assert not {"from_section_ids", "to_section_ids", "also"} & one.keys()


async def test_who_leaves_and_comes_back_did_not_move(connection: Any) -> None:
    await connection.execute(SCHOOL)
    log = Log(connection)
    await log.fold()
    await connection.execute(
        "begin; delete from enrollments where student_id = 1;"
        " insert into enrollments (student_id, section_id) values (1, 1); commit"
    )
    assert "student_moved" not in {event["event"] for event in await log.fold()}
    await connection.execute("delete from enrollments where student_id = 1")
    await connection.execute("insert into enrollments (student_id, section_id) values (1, 2)")
    # two transactions: nobody said that they belong together
    assert [event["event"] for event in await log.fold()] == ["student_left", "student_joined"]
