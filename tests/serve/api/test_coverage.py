"""What a figure does not know, as the API says it, and the two lists of what was not done."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any

import pytest

from serve.conftest import Client
from serve.gradebook import settle

CALENDAR = """
insert into school_days (school_id, date, kind)
select 1, day, case when day = current_date - 2 then 'half' when day = current_date - 1
    then 'holiday' else 'school' end
from generate_series(current_date - 25, current_date + 3, interval '1 day') as days (day);
"""


def covered(due: int, marked: int, expected: int | None, taken: int, uncounted: int = 0) -> Any:
    return {
        "due_items": due,
        "marked_items": marked,
        "registers_expected": expected,
        "registers_taken": taken,
        "uncounted_count": uncounted,
    }


async def today(tool: Any) -> date:
    found: date = await tool.fetchval("select current_date")
    return found


async def test_a_section_its_subjects_and_its_students_say_what_they_do_not_know(
    client: Client,
) -> None:
    # Algebra is marked but for the twelfth, Rome for nobody, Geometry has no date; student 1 has
    # a whole day of 20 days ago
    assert (await client.read("/section/1"))["coverage"] == covered(2, 0, None, 13)
    sections = {row["section_id"]: row for row in (await client.read("/sections", 3))["items"]}
    assert sections[1]["coverage"] == covered(2, 0, None, 13)
    assert sections[2]["coverage"] == covered(1, 1, None, 1)
    assert sections[1]["absence_basis"] == "sessions"
    maths = await client.read("/subject/1", 3)
    assert maths["coverage"] == covered(2, 1, None, 14)
    assert [row["coverage"] for row in maths["sections_performance"]] == [
        covered(1, 0, None, 13),
        covered(1, 1, None, 1),
    ]
    paged = await client.read("/subject/1/sections", 3)
    assert [row["coverage"] for row in paged["items"]] == [
        covered(1, 0, None, 13),
        covered(1, 1, None, 1),
    ]
    assert (await client.read("/subject/4", 3))["coverage"] == covered(0, 0, None, 0)
    student = await client.read("/student/2")
    assert student["coverage"] == student["standings"][0]["coverage"] == covered(2, 1, None, 13)
    assert student["absence_basis"] == "sessions"
    listed = {row["id"]: row for row in (await client.read("/students"))["items"]}
    assert listed[2]["coverage"] == covered(2, 1, None, 13)
    assert listed[12]["coverage"] == covered(2, 0, None, 13)
    # over all that the head sees of the student; last year's section had one item, marked
    both = await client.read("/student/1", 3)
    assert both["coverage"] == covered(4, 3, None, 15)


async def test_with_a_calendar_days_are_counted_and_not_sessions(client: Client, tool: Any) -> None:
    before = await client.read("/overview", 3)
    assert before["attendance_stats"]["absence_basis"] == "sessions"
    await tool.execute(CALENDAR)
    await settle(tool)
    section = await client.read("/section/1")
    # 25 of 26 days: one is a holiday, and those to come are not yet; of the 13 taken, too
    assert section["coverage"] == covered(2, 0, 25, 12)
    assert section["absence_basis"] == "calendar"
    # absent every fourth of 12 days: 3 of 25 school days, or 2 where one of them was the holiday
    listed = {row["id"]: row for row in (await client.read("/students"))["items"]}
    absent = {n: [day for day in range(2, 13) if (n + day) % 4 == 0] for n in range(1, 13)}
    absent[1].append(20)
    for n in range(1, 13):
        assert listed[n]["chronically_absent"] is (len(absent[n]) * 10 >= 25), n
        assert listed[n]["absence_basis"] == "calendar"
    overview = await client.read("/overview", 4)
    assert overview["attendance_stats"]["absence_basis"] == "mixed"

    await tool.execute(
        "update enrollments set starts_on = current_date - 8, ends_on = current_date - 3"
        " where student_id = 4"
    )
    await settle(tool)
    student = await client.read("/student/4")
    assert student["standings"][0]["coverage"] == covered(2, 1, 6, 6)
    # 2 of 6 days: fewer than 10 say nothing
    assert student["chronically_absent"] is False


async def test_events_tell_coverage_with_the_figures(client: Client, tool: Any) -> None:
    await tool.execute("insert into grades (student_id, exam_id, score) values (12, 1, 50)")
    await settle(tool)
    event = json.loads(
        await tool.fetchval(
            "select payload from classpulse.events where type = 'grade_update'"
            " order by position desc limit 1"
        )
    )
    told = event["performance_data"]
    assert told["section"]["coverage"] == covered(2, 1, None, 13)
    assert told["subject"]["coverage"] == covered(1, 1, None, 13)
    assert told["student"]["coverage"] == covered(2, 1, None, 13)
    assert told["student"]["absence_basis"] == "sessions"


async def test_registers_that_were_not_taken(client: Client, tool: Any) -> None:
    day = await today(tool)
    # nobody took one today at North: it is no school day, as far as anybody knows
    assert (await client.read("/registers/missing", 3))["total"] == 0
    await tool.execute(
        "insert into attendance (student_id, section_id, date, status)"
        " values (20, 2, current_date, 'present')"
    )
    await settle(tool)
    found = await client.read("/registers/missing", 3)
    assert found["items"] == [
        {"section_id": 1, "section_name": "10-A", "date": day.isoformat(), "educators": ["Ann"]}
    ]
    assert (found["total"], found["next"]) == (1, None)
    # Bob's own is taken
    assert (await client.read("/registers/missing", 2))["items"] == []
    assert [row["section_id"] for row in (await client.read("/registers/missing"))["items"]] == [1]
    past = (day - timedelta(days=3)).isoformat()
    asked = await client.read("/registers/missing", 3, date=past)
    assert [(row["section_id"], row["date"]) for row in asked["items"]] == [(2, past)]

    await tool.execute(CALENDAR)
    await settle(tool)
    for days, missing in ((0, [1]), (1, []), (2, [2]), (26, []), (-1, [])):
        asked = await client.read(
            "/registers/missing", 3, date=(day - timedelta(days=days)).isoformat()
        )
        assert [row["section_id"] for row in asked["items"]] == missing, days
    # a whole day counts in every section of the student
    await tool.execute(
        "insert into attendance (student_id, date, status) values (1, current_date, 'late')"
    )
    await settle(tool)
    assert (await client.read("/registers/missing", 3))["items"] == []


async def test_items_that_are_due_and_not_marked(client: Client, tool: Any) -> None:
    day = await today(tool)
    found = await client.read("/exams/unmarked", 3)
    assert found["items"] == [
        {
            "exam_id": 1,
            "exam_name": "Algebra",
            "section_id": 1,
            "section_name": "10-A",
            "subject_id": 1,
            "subject_name": "Mathematics",
            "due_on": None,
            "exam_date": (day - timedelta(days=10)).isoformat(),
            "days_past": 10,
            "students": 12,
            "unmarked": 1,
        },
        {
            "exam_id": 3,
            "exam_name": "Rome",
            "section_id": 1,
            "section_name": "10-A",
            "subject_id": 2,
            "subject_name": "History",
            "due_on": None,
            "exam_date": (day - timedelta(days=5)).isoformat(),
            "days_past": 5,
            "students": 12,
            "unmarked": 12,
        },
    ]
    assert (await client.read("/exams/unmarked", 2))["items"] == []
    first = await client.read("/exams/unmarked", 3, limit=1)
    assert [row["exam_id"] for row in first["items"]] == [1]
    second = await client.read("/exams/unmarked", 3, limit=1, cursor=first["next"])
    assert ([row["exam_id"] for row in second["items"]], second["next"]) == ([3], None)
    assert first["total"] == second["total"] == 2
    # a due date wins over the exam's own, and pending is no mark
    await tool.execute(
        "update exams set due_on = current_date + 1 where id = 1;"
        " update exams set due_on = current_date where id = 2;"
        " insert into grades (student_id, exam_id, status) values (4, 2, 'pending')"
    )
    await settle(tool)
    found = await client.read("/exams/unmarked", 3)
    assert [(row["exam_id"], row["days_past"], row["unmarked"]) for row in found["items"]] == [
        (3, 5, 12),
        (2, 0, 9),
    ]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/registers/missing", {"date": "yesterday"}),
        ("/registers/missing", {"day": "2026-01-05"}),
        ("/registers/missing", {"cursor": "x"}),
        ("/exams/unmarked", {"date": "2026-01-05"}),
        ("/exams/unmarked", {"limit": "0"}),
        ("/exams/unmarked", {"cursor": "x"}),
    ],
)
async def test_what_can_t_be_asked_is_refused(reader: Client, path: str, query: Any) -> None:
    response = await reader.get(path, **query)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


async def test_many_sections_are_paged_by_name(client: Client, tool: Any) -> None:
    await tool.execute(
        """
        insert into sections (id, school_id, name) values (11, 1, 'b'), (12, 1, 'B'), (13, 1, 'a');
        insert into enrollments (student_id, section_id) select 2, n from generate_series(11, 13) n;
        insert into school_days (school_id, date) values (1, current_date);
        """
    )
    await settle(tool)
    seen: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(9):
        page = await client.read("/registers/missing", 3, limit=2, **cursor)
        seen += [row["section_id"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
        await asyncio.sleep(0)
    assert len(seen) == page["total"] == 5
    assert seen[:3] == [1, 2, 13]
    assert set(seen[3:]) == {11, 12}
