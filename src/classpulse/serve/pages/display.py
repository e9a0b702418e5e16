"""Figures as a page shows them. ``static/js/format.js`` and ``view.js`` are their live twins."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

UNKNOWN = "–"


def shown(value: object, form: str) -> str:
    """``value`` as text; unknown is ``–``, never 0.

    Forms: ``text``, ``whole`` (1,234), ``sections``, ``subjects``, ``students`` and ``rows``
    (1 section, 1,234 sections), ``percent`` (83.33%), ``marks`` (17.5), ``clock`` (14:02:05 UTC),
    ``moment`` (Oct 20, 14:02 UTC), ``day`` (Oct 20, 2025), ``result`` (of a
    status), ``yes_no``, ``basis`` (of an absence: school days) and
    ``coverage`` (7 of 9 due items marked, 2 registers missing).
    """
    return UNKNOWN if value is None or value == "" else _FORMS[form](value)


def ordinal(place: int | None) -> str | None:
    """``1st``, ``2nd``, ``3rd``, ``11th``."""
    if place is None:
        return None
    ending = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place:,}{ending}"


def length_of_bar(value: object) -> str:
    """A percentage as the length of a bar: 0 to 100, nothing for unknown."""
    number = Decimal(0) if value is None else Decimal(str(value))
    return f"{min(max(number, Decimal(0)), Decimal(100)):.2f}"


def overview_shown(overview: Mapping[str, Any]) -> dict[str, Any]:
    """The overview with its lists as the page lays them out."""
    return {
        **overview,
        "attendance_percentage": overview["attendance_stats"]["percentage"],
        "chronically_absent": overview["attendance_stats"]["chronically_absent"],
        "absence_basis": overview["attendance_stats"]["absence_basis"],
        "letters": letters_shown(overview["grade_distribution"]),
        "sections": overview["sections_performance_chart"],
        "subjects": overview["subject_performance_chart"],
        "top": performers_shown(overview["top_performers"]),
        "low": performers_shown(overview["low_performers"]),
    }


def letters_shown(distribution: Mapping[str, int]) -> list[dict[str, Any]]:
    """A distribution as bars: each letter with its count, and its share of the highest."""
    highest = max(distribution.values(), default=0) or 1
    return [
        {"id": letter, "count": count, "share": 100 * count / highest}
        for letter, count in distribution.items()
    ]


def performers_shown(students: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Performers with the key of each."""
    return [{**student, "key": f"{student['id']}-{student['section_id']}"} for student in students]


def day_of(time: object) -> date:
    """The day of a moment, in UTC."""
    return _time(time).date()


def exams_shown(exams: Mapping[str, Any], today: date) -> dict[str, Any]:
    """A list of exams, the newest first, as a page lays it out: what is due next, what was written,
    the newest first, and then what is due later, the soonest first."""
    due: list[Any] = []
    written: list[Any] = []
    for exam in exams["items"]:
        is_due = exam["exam_date"] and str(exam["exam_date"]) > str(today)
        (due if is_due else written).append(exam)
    due.reverse()
    return {**exams, "items": due[:1] + written + due[1:]}


def change_shown(now: object, then: object, form: str) -> str:
    """How a figure moved: ``+1.25``, ``−3``, ``no change``, or nothing where one is unknown."""
    if now is None or then is None:
        return ""
    moved = _rounded(now) - _rounded(then)
    if not moved:
        return "no change"
    digits = f"{abs(moved):,.0f}" if form == "whole" else f"{abs(moved):,.2f}"
    return f"+{digits}" if moved > 0 else f"−{digits}"


def _whole(value: Any) -> str:
    return f"{int(value):,}"


def _counted(noun: str) -> Callable[[Any], str]:
    return lambda value: f"{_whole(value)} {noun}" + ("" if int(value) == 1 else "s")


def _percent(value: Any) -> str:
    return f"{_rounded(value):,.2f}%"


def _marks(value: Any) -> str:
    text = f"{_rounded(value):,.2f}"
    return text.rstrip("0").rstrip(".")


def _rounded(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _clock(value: Any) -> str:
    return f"{_time(value):%H:%M:%S} UTC"


def _moment(value: Any) -> str:
    time = _time(value)
    return f"{time:%b} {time.day}, {time:%H:%M} UTC"


def _day(value: Any) -> str:
    try:
        day = date.fromisoformat(str(value)[:10])
    except ValueError:  # a day that Postgres knows and our calendar does not, as infinity
        return UNKNOWN
    return f"{day:%b} {day.day}, {day.year}"


_BASES = {"calendar": "school days", "sessions": "sessions", "mixed": "school days or sessions"}


def _coverage(value: Mapping[str, Any]) -> str:
    due, marked = int(value["due_items"]), int(value["marked_items"])
    parts = [
        f"{marked:,} of {due:,} due item{'' if due == 1 else 's'} marked" if due else "no items due"
    ]
    if value["registers_expected"] is not None:
        missing = int(value["registers_expected"]) - int(value["registers_taken"])
        parts.append(
            f"{_counted('register')(missing)} missing" if missing else "no register missing"
        )
    if value["uncounted_count"]:
        parts.append(f"{_counted('grade')(value['uncounted_count'])} not counted")
    return ", ".join(parts)


def _result(value: Any) -> str:
    return _RESULTS[value]


def _yes_no(value: Any) -> str:
    return "yes" if value else "no"


def _time(value: Any) -> datetime:
    time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return time.astimezone(UTC)


_RESULTS = {"pass": "passing", "fail": "failing", "no_data": "no grades yet"}
_FORMS: dict[str, Callable[[Any], str]] = {
    "text": str,
    "whole": _whole,
    **{f"{noun}s": _counted(noun) for noun in ("section", "subject", "student", "row", "item")},
    "percent": _percent,
    "marks": _marks,
    "clock": _clock,
    "moment": _moment,
    "day": _day,
    "result": _result,
    "yes_no": _yes_no,
    "basis": lambda value: _BASES[value],
    "coverage": _coverage,
}
