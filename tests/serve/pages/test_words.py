import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from classpulse.serve.pages.display import exams_shown, length_of_bar, overview_shown, shown
from classpulse.serve.pages.feed_entry import feed_entry
from classpulse.serve.pages.feed_groups import FeedGroups

# the same cases hold for the page's own module
CASES = json.loads(
    Path(__file__, "../../../js/feed.json").resolve().read_text(), parse_float=Decimal
)

FORMS = ["text", "whole", "percent", "marks", "clock", "moment", "day", "result", "yes_no"]


@pytest.mark.parametrize("case", CASES, ids=[case["promise"] for case in CASES])
def test_an_event_reads_the_same_on_the_server_and_on_the_live_page(case: dict[str, Any]) -> None:
    if "event" in case:
        assert feed_entry(case["event"]) == case["shown"]
    else:
        assert FeedGroups(case["events"]).records == case["entries"]


@pytest.mark.parametrize("form", FORMS)
def test_unknown_is_a_dash_and_never_zero(form: str) -> None:
    assert shown(None, form) == "–"


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0, "percent", "0.00%"),
        (83.33, "percent", "83.33%"),
        (71.3, "percent", "71.30%"),
        (1234567, "whole", "1,234,567"),
        (17.5, "marks", "17.5"),
        (100, "marks", "100"),
        (1000, "marks", "1,000"),
        ("2025-10-20T15:30:05.123456Z", "clock", "15:30:05 UTC"),
        ("2025-10-20T15:30:05Z", "moment", "Oct 20, 15:30 UTC"),
        ("2025-10-05", "day", "Oct 5, 2025"),
        ("infinity", "day", "–"),
        ("-infinity", "day", "–"),
        ("12000-01-01", "day", "–"),
        ("pass", "result", "passing"),
        ("fail", "result", "failing"),
        (1, "sections", "1 section"),
        (1234, "subjects", "1,234 subjects"),
        (0, "students", "0 students"),
        ("no_data", "result", "no grades yet"),
        (True, "yes_no", "yes"),
        (False, "yes_no", "no"),
    ],
)
def test_a_figure_is_written_out(value: object, form: str, text: str) -> None:
    assert shown(value, form) == text


def test_a_bar_is_never_longer_than_whole_nor_shorter_than_nothing() -> None:
    assert [length_of_bar(value) for value in (104.5, None, 71.3)] == ["100.00", "0.00", "71.30"]


def test_an_empty_school_has_letters_without_bars() -> None:
    overview = {
        "attendance_stats": {
            "percentage": None,
            "chronically_absent": 0,
            "absence_basis": "sessions",
        },
        "grade_distribution": {"A": 0, "F": 0},
        "sections_performance_chart": [],
        "subject_performance_chart": [],
        "top_performers": [],
        "low_performers": [],
    }
    assert [letter["share"] for letter in overview_shown(overview)["letters"]] == [0, 0]


def test_exams_begin_with_what_is_due_next_and_what_was_written_last() -> None:
    days = ["2027-01-07", "2027-01-05", "2026-12-01", "2026-11-26", "2026-11-20", None]
    exams = {"total": 9, "items": [{"exam_date": day} for day in days]}
    shown_days = [exam["exam_date"] for exam in exams_shown(exams, date(2026, 11, 26))["items"]]
    assert shown_days == [
        "2026-12-01", "2026-11-26", "2026-11-20", None, "2027-01-05", "2027-01-07",
    ]  # fmt: skip
