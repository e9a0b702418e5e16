"""The geometry of charts: what is drawn where, and what is said beside it."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from classpulse.serve.pages.charts import STATUSES, calendar, line, stacks_of_days, weeks_line


def work(day: str | None, percentage: float | None, status: str = "graded") -> dict[str, Any]:
    return {"day": day, "percentage": percentage, "status": status, "name": f"Work of {day}"}


def drawn(works: list[dict[str, Any]]) -> dict[str, Any]:
    chart = line(works)
    assert chart is not None
    return chart


def session(
    date: str, status: str, period: int = 0, *, whole_day: bool = False, **more: Any
) -> dict[str, Any]:
    return {
        "date": date,
        "status": status,
        "period": period,
        "whole_day": whole_day,
        "section_name": None if whole_day else "10-A",
        "remarks": None,
        **more,
    }


@pytest.mark.parametrize(
    "works",
    [
        [],
        [work(None, 50)],
        [work("infinity", 50)],
        [work("2025-10-01", None)],  # graded out of nothing
    ],
)
def test_nothing_to_place_is_no_chart(works: list[dict[str, Any]]) -> None:
    assert line(works) is None


def test_a_line_goes_from_the_first_day_to_the_last_in_proportion_to_time() -> None:
    chart = drawn([work("2025-10-01", 100), work("2025-10-02", 50), work("2025-10-11", 0)])
    assert chart["path"] == "M0.00 0.00 L10.00 50.00 L100.00 100.00"
    assert (chart["first_day"], chart["last_day"]) == ("2025-10-01", "2025-10-11")
    assert [tick["value"] for tick in chart["ticks"]] == [100, 50, 0]
    assert chart["words"] == (
        "3 grades from Oct 1, 2025 to Oct 11, 2025: "
        "first 100.00%, last 0.00%, lowest 0.00%, highest 100.00%"
    )
    assert chart["dots"][0]["words"] == "Work of 2025-10-01, Oct 1, 2025: 100.00%"


@pytest.mark.parametrize("status", ["missing", "excused", "pending"])
def test_what_is_not_graded_is_a_gap_and_never_a_zero(status: str) -> None:
    chart = drawn(
        [
            work("2025-10-01", 80),
            work("2025-10-02", 70),
            work("2025-10-03", None, status),
            work("2025-10-05", 60),
        ]
    )
    assert chart["path"] == "M0.00 20.00 L25.00 30.00 M100.00 40.00"
    assert len(chart["dots"]) == 3
    assert [(gap["x"], gap["status"]) for gap in chart["gaps"]] == [("50.00", status)]
    assert chart["words"].endswith(f"; 1 {status}")


def test_works_that_are_all_missing_are_a_chart_without_a_line() -> None:
    chart = drawn([work("2025-10-01", None, "missing"), work("2025-10-02", None, "missing")])
    assert (chart["path"], chart["dots"], len(chart["gaps"])) == ("", [], 2)
    assert chart["words"] == "2 missing"


def test_one_grade_is_a_dot_in_the_middle() -> None:
    chart = drawn([work("2025-10-01", 70)])
    assert (chart["path"], len(chart["dots"])) == ("M50.00 30.00", 1)
    assert chart["words"] == "one grade, 70.00%"


@pytest.mark.parametrize(
    ("highest", "top"),
    [(99.99, 100), (100, 100), (100.01, 150), (150, 150), (199, 200), (250, 300)],
)
def test_more_than_everything_fits_into_the_scale(highest: float, top: int) -> None:
    chart = drawn([work("2025-10-01", 50), work("2025-10-02", highest)])
    ticks = [tick["value"] for tick in chart["ticks"]]
    assert (ticks[0], ticks[-1]) == (top, 0)
    assert len(ticks) <= 5
    # as far from each other as the labels beside them
    assert len({one - other for one, other in pairwise(ticks)}) == 1
    assert all(0 <= float(dot["y"]) <= 100 for dot in chart["dots"])


def test_an_absurd_percentage_stays_a_chart() -> None:
    chart = drawn([work("2025-10-01", 50), work("2025-10-02", 1e11)])
    assert len(chart["ticks"]) <= 5
    assert all(0 <= float(dot["y"]) <= 100 for dot in chart["dots"])


def test_works_of_one_day_stand_side_by_side_in_their_order() -> None:
    chart = drawn([work("2025-10-01", 10), work("2025-10-01", 20), work("2025-10-01", 30)])
    assert chart["path"] == "M0.00 90.00 L50.00 80.00 L100.00 70.00"
    mixed = drawn([work("2025-10-01", 1), work("2025-10-01", 2), work("2025-10-02", 3)])
    assert [dot["x"] for dot in mixed["dots"]] == ["0.00", "50.00", "100.00"]


def test_works_come_in_any_order() -> None:
    chart = drawn([work("2025-10-11", 1), work("2025-10-01", 2)])
    assert [dot["y"] for dot in chart["dots"]] == ["98.00", "99.00"]


def test_a_calendar_without_anything_is_none() -> None:
    assert calendar([]) is None
    assert calendar([session("infinity", "absent")]) is None


def test_a_week_is_a_column_and_a_weekday_a_row() -> None:
    # a Monday, the Sunday after it, and the Tuesday after that
    found = calendar(
        [
            session("2025-10-20", "present"),
            session("2025-10-26", "late"),
            session("2025-10-28", "absent"),
        ]
    )
    assert found is not None
    assert [week["key"] for week in found["weeks"]] == ["2025-10-20", "2025-10-27"]
    assert [row["weekday"] for row in found["rows"]] == [
        *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Sunday")
    ]
    letters = {
        day["key"]: day["letter"] for row in found["rows"] for day in row["days"] if day["letter"]
    }
    assert letters == {"2025-10-20": "P", "2025-10-26": "L", "2025-10-28": "A"}
    assert all(len(row["days"]) == 2 for row in found["rows"])


def test_a_day_of_several_sessions_shows_the_worst_and_tells_all() -> None:
    found = calendar(
        [
            session("2025-10-20", "excused", whole_day=True),
            session("2025-10-20", "present", 1),
            session("2025-10-20", "absent", 2, remarks="bus"),
            session("2025-10-20", "late", 3),
        ]
    )
    assert found is not None
    day = found["rows"][0]["days"][0]
    assert (day["status"], day["letter"]) == ("absent", "A")
    assert day["words"] == (
        "Mon, Oct 20, 2025: whole day excused; 10-A period 1 present; "
        "10-A period 2 absent (bus); 10-A period 3 late"
    )


def test_a_month_stands_over_its_first_week_where_there_is_room() -> None:
    found = calendar([session("2025-09-29", "present"), session("2025-11-03", "present")])
    assert found is not None
    assert [week["month"] for week in found["weeks"]] == ["", "Oct", "", "", "", "Nov"]


def test_the_parts_of_a_day_fill_it_from_the_bottom() -> None:
    days = [
        {"date": "2025-10-31", "present": 6, "late": 2, "excused": 0, "absent": 2, "total": 10},
        {"date": "2025-11-03", "present": 0, "late": 0, "excused": 0, "absent": 1, "total": 1},
        {"date": "2025-11-04", "present": 0, "late": 0, "excused": 0, "absent": 0, "total": 0},
    ]
    first, second, empty = stacks_of_days(days)
    assert [part["status"] for part in first["parts"]] == list(STATUSES)
    assert [part["height"] for part in first["parts"]] == ["60.00", "20.00", "0.00", "20.00"]
    assert [part["y"] for part in first["parts"]] == ["40.00", "20.00", "20.00", "0.00"]
    # one row, where another day has ten: the day has only begun
    assert second["parts"][3] == {"status": "absent", "y": "90.00", "height": "10.00"}
    assert {part["height"] for part in empty["parts"]} == {"0.00"}
    assert [day["label"] for day in (first, second, empty)] == ["Oct 31", "Nov 3", "4"]


def _weeks(*values: float | None) -> list[dict[str, Any]]:
    monday = date(2025, 9, 1)
    return [
        {"date": (monday + timedelta(weeks=week)).isoformat(), "value": value, "n": 1}
        for week, value in enumerate(values)
    ]


def test_a_trend_is_drawn_from_three_values_on() -> None:
    assert weeks_line(_weeks(50, 60)) is None
    assert weeks_line(_weeks(50, None, 60)) is None
    line = weeks_line(_weeks(50, 60, 70))
    assert line is not None
    assert line["path"] == "M0.00 50.00 L50.00 40.00 L100.00 30.00"
    assert line["earlier"] == ""
    assert "first 50.00%, last 70.00%" in line["words"]


def test_a_week_without_a_value_is_a_gap() -> None:
    line = weeks_line(_weeks(50, 60, None, 70, 80))
    assert line is not None
    assert line["path"] == "M0.00 50.00 L25.00 40.00 M75.00 30.00 L100.00 20.00"


def test_the_term_before_begins_at_the_same_place() -> None:
    line = weeks_line(_weeks(50, 60, 70), _weeks(10, 20, 30, 40, 50))
    assert line is not None
    assert line["path"] == "M0.00 50.00 L25.00 40.00 L50.00 30.00"
    assert line["earlier"].startswith("M0.00 90.00 L25.00 80.00")
    assert line["earlier"].endswith("L100.00 50.00")
    assert "the term before ended at 50.00%" in line["words"]
    # of fewer than three values nothing is drawn
    few = weeks_line(_weeks(50, 60, 70), _weeks(10, 20))
    assert few is not None
    assert few["earlier"] == ""
