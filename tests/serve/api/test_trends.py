"""Figures as they were, over the API."""

from datetime import date, timedelta
from typing import Any

import pytest

from serve.conftest import Client
from serve.gradebook import settle

#: Sundays long past, so that no week runs
SUNDAYS = [date(2025, 9, 7) + timedelta(weeks=week) for week in range(4)]
WINDOW = "from=2025-09-01&to=2025-09-28"


async def write(tool: Any) -> None:
    """Section 2: student 1 in Mathematics and History, student 20 in Mathematics."""
    await tool.execute(
        "delete from grades; delete from attendance;"
        "insert into grades (student_id, section_id, subject_id, score, graded_on) values"
        " (1, 2, 1, 50, '2025-09-08'), (20, 2, 1, 70, '2025-09-14'),"
        " (1, 2, 2, 90, '2025-09-22');"
        "insert into attendance (student_id, section_id, date, status) values"
        " (1, 2, '2025-09-01', 'absent'), (1, 2, '2025-09-08', 'present'),"
        " (20, 2, '2025-09-08', 'late'), (20, null, '2025-09-15', 'excused')"
    )
    await settle(tool)


async def points(client: Client, query: str, educator_id: int = 2) -> list[tuple[Any, ...]]:
    found = await client.read(f"/trends?{query}&{WINDOW}", educator_id)
    assert found["window"] == {"from": "2025-09-01", "to": "2025-09-28", "by": "week"}
    assert found["complete"] is True
    assert found["as_of"]
    return [(point["date"], point["value"], point["n"]) for point in found["points"]]


def weeks(*values: tuple[Any, int]) -> list[tuple[Any, ...]]:
    """Points of the last weeks of the window."""
    last = SUNDAYS[len(SUNDAYS) - len(values) :]
    return [(day.isoformat(), *value) for day, value in zip(last, values, strict=True)]


async def test_a_week_has_the_value_of_its_end(client: Client, tool: Any) -> None:
    await write(tool)
    # 50 and 70, then (50 + 90) / 2 and 70; nothing in the first week, the same in the third
    expected = weeks((60, 2), (60, 2), (70, 2))
    assert await points(client, "of=section&id=2") == expected
    assert await points(client, "of=scope") == expected
    assert await points(client, "of=section&id=2&metric=pass_rate") == weeks(
        (50, 2), (50, 2), (100, 2)
    )
    assert await points(client, "of=subject&id=1") == weeks((60, 2), (60, 2), (60, 2))
    assert await points(client, "of=subject&id=2&section_id=2") == weeks((90, 1))
    assert await points(client, "of=student&id=1") == weeks((50, 1), (50, 1), (70, 2))
    assert await points(client, "of=student&id=1&section_id=2&metric=pass_rate") == weeks(
        (0, 1), (0, 1), (100, 2)
    )


async def test_attendance_is_known_from_the_first_session_attended_on(
    client: Client, tool: Any
) -> None:
    await write(tool)
    # 2 of 3, with the absence before that; then 2 of 4 with the whole day
    expected = weeks((66.67, 3), (50, 4), (50, 4))
    assert await points(client, "of=section&id=2&metric=attendance") == expected
    assert await points(client, "of=scope&metric=attendance") == expected
    assert await points(client, "of=subject&id=1&metric=attendance") == expected
    assert await points(client, "of=student&id=20&metric=attendance") == weeks(
        (100, 1), (50, 2), (50, 2)
    )
    assert await points(client, "of=student&id=1&metric=attendance&section_id=2") == weeks(
        (50, 2), (50, 2), (50, 2)
    )


async def test_days_go_up_to_today_and_no_further(client: Client, tool: Any) -> None:
    await tool.execute(
        "delete from grades; insert into grades (student_id, section_id, subject_id, score,"
        " graded_on) values (20, 2, 1, 70, current_date - 1), (20, 2, 1, 10, current_date + 5)"
    )
    await settle(tool)
    today = date.fromisoformat(str(await tool.fetchval("select current_date")))
    found = await client.read("/trends?of=section&id=2&by=day&to=9999-12-31", 2)
    assert found["window"]["to"] == today.isoformat()
    assert [(point["date"], point["value"]) for point in found["points"]] == [
        ((today - timedelta(days=1)).isoformat(), 70),
        (today.isoformat(), 70),
    ]
    # the term's days, up to today
    assert found["window"]["from"] == (today - timedelta(days=30)).isoformat()


async def test_a_week_that_is_not_asked_for_whole_ends_on_the_last_day(
    client: Client, tool: Any
) -> None:
    await write(tool)
    found = await client.read("/trends?of=section&id=2&from=2025-09-10&to=2025-09-17", 2)
    # the grade of the 14th is in the week before, that of the 22nd in neither
    assert [(point["date"], point["value"]) for point in found["points"]] == [
        ("2025-09-14", 60),
        ("2025-09-17", 60),
    ]
    found = await client.read("/trends?of=section&id=2&from=2025-09-01&to=2025-09-10", 2)
    assert [(point["date"], point["value"]) for point in found["points"]] == [("2025-09-10", 50)]


async def test_a_trend_agrees_with_the_figures_of_today(reader: Client) -> None:
    for educator, section in ((1, 1), (2, 2), (6, 3)):
        figures = await reader.read(f"/section/{section}", educator)
        for metric, name in (
            ("average", "average_score"),
            ("pass_rate", "pass_rate"),
            ("attendance", "attendance_average"),
        ):
            found = await reader.read(f"/trends?of=section&id={section}&metric={metric}", educator)
            last = [point["value"] for point in found["points"]][-1:]
            assert (last or [None])[0] == figures[name]
        overview = await reader.read("/overview", educator)
        found = await reader.read("/trends?of=scope", educator)
        assert found["points"][-1]["value"] == overview["overall_average"]
        assert found["points"][-1]["n"] == overview["standings"] - overview["no_data"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("", 400, "of is missing"),
        ("of=school", 400, "of must be"),
        ("of=section", 400, "id must be given: which section"),
        ("of=scope&id=1", 400, "id must be left out"),
        ("of=section&id=1&section_id=1", 400, "section_id must be left out"),
        ("of=scope&metric=letters", 400, "metric must be"),
        ("of=scope&by=month", 400, "by must be"),
        ("of=scope&from=tomorrow", 400, "from must be"),
        ("of=scope&from=2025-02-02&to=2025-02-01", 400, "from must not be after to"),
        ("of=scope&by=day&from=2020-01-01", 400, "at most 400"),
        ("of=scope&from=0001-01-01", 400, "of our calendar"),
        ("of=scope&to=0001-01-01", 400, "of our calendar"),
        ("of=scope&term=1", 400, "Unknown query parameter: term"),
        ("of=section&id=2", 404, ""),
        ("of=section&id=9223372036854775807", 404, ""),
        ("of=subject&id=3", 404, ""),
        ("of=student&id=20", 404, ""),
        ("of=student&id=2&section_id=4", 404, ""),
        ("of=student&id=2&section_id=3", 404, ""),
    ],
)
async def test_what_cannot_be_answered_says_why(
    reader: Client, query: str, status: int, words: str
) -> None:
    response = await reader.get(f"/trends?{query}")
    assert response.status_code == status, response.text
    assert words in response.json()["detail"]


async def test_without_a_term_it_is_of_the_last_26_weeks(client: Client, tool: Any) -> None:
    await tool.execute("update sections set term_id = null")
    await settle(tool)
    for path, educator in (("of=section&id=2", 2), ("of=scope", 7)):
        window = (await client.read(f"/trends?{path}", educator))["window"]
        first, last = date.fromisoformat(window["from"]), date.fromisoformat(window["to"])
        assert last - first == timedelta(weeks=26)


async def test_a_very_long_term_ends_in_as_many_points_as_may_be(client: Client, tool: Any) -> None:
    await tool.execute("update terms set starts_on = '1990-01-01' where id = 1")
    for by, days in (("week", 7 * 399), ("day", 399)):
        window = (await client.read(f"/trends?of=section&id=2&by={by}", 2))["window"]
        first, last = date.fromisoformat(window["from"]), date.fromisoformat(window["to"])
        assert last - first == timedelta(days=days)


async def test_a_trend_that_is_being_derived_says_so(client: Client, tool: Any) -> None:
    await tool.execute(
        "insert into classpulse.stale_trends (section_id, student_id, retry_at)"
        " values (2, 20, 'infinity')"
    )
    assert (await client.read("/trends?of=section&id=2", 2))["complete"] is False
    assert (await client.read("/trends?of=student&id=1&section_id=2", 2))["complete"] is True
    ready = (await client.http.get("/readyz")).json()
    assert ready["trends"] == {"done": ready["trends"]["of"] - 1, "of": ready["trends"]["of"]}
