"""Charts as geometry: what a template draws as SVG, so that a page is whole before any script."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from classpulse.serve.pages.display import shown

# In the order in which they are stacked, the best at the bottom; also from best to worst.
STATUSES = ("present", "late", "excused", "absent")
# One bar with the gap beside it, in units of the drawing.
_STEP = 10
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SCHOOL_DAYS = range(5)
# Of fewer values no line is drawn: it would say more than is known.
_FEWEST = 3

Row = Mapping[str, Any]


def stacks_of_days(days: Iterable[Row]) -> list[dict[str, Any]]:
    """Days of a register as stacked bars: where each status begins, and its height.

    The day with the most rows is 100 high, so that a register just begun is a low bar.
    """
    shown_days = list(days)
    most = max((day["total"] for day in shown_days), default=0) or 1
    stacks: list[dict[str, Any]] = []
    month = None
    for place, day in enumerate(shown_days):
        top = 100.0
        parts = []
        for status in STATUSES:
            height = 100 * day[status] / most
            top -= height
            parts.append({"status": status, "y": f"{top:.2f}", "height": f"{height:.2f}"})
        on = _day(day["date"])
        label = "" if on is None else f"{on:%b} {on.day}" if on.month != month else str(on.day)
        month = on.month if on is not None else month
        stacks.append({**day, "x": place * _STEP + 1, "parts": parts, "label": label})
    return stacks


def line(works: Iterable[Row]) -> dict[str, Any] | None:
    """Percentages over time in a square of 100, y downwards; ``None`` where there is nothing.

    A work has its ``day``, ``percentage``, ``status`` and ``name``. One that is not graded is a
    gap: it ends the line, and stands at the foot. Works of one day stand side by side, in the
    order given. What has no day, or is graded out of 0, has no place.
    """
    placed = _placed(work for work in works if _has_place(work))
    if not placed:
        return None
    top, step = _scale([work["percentage"] for _, work in placed if _is_graded(work)])
    dots: list[dict[str, str]] = []
    gaps: list[dict[str, str]] = []
    path: list[str] = []
    is_on = False
    for across, work in placed:
        x = f"{across:.2f}"
        if _is_graded(work):
            y = f"{100 - 100 * work['percentage'] / top:.2f}"
            path.append(f"{'L' if is_on else 'M'}{x} {y}")
            dots.append({"x": x, "y": y, "words": _work_in_words(work)})
        else:
            gaps.append({"x": x, "status": work["status"], "words": _work_in_words(work)})
        is_on = _is_graded(work)
    return {
        "path": " ".join(path),
        "dots": dots,
        "gaps": gaps,
        "ticks": [
            {"value": value, "y": f"{100 - 100 * value / top:.2f}"}
            for value in range(top, -1, -step)
        ],
        "first_day": placed[0][1]["day"],
        "last_day": placed[-1][1]["day"],
        "words": _line_in_words([work for _, work in placed]),
    }


def weeks_line(points: Sequence[Row], earlier: Sequence[Row] = ()) -> dict[str, Any] | None:
    """A trend by weeks as :func:`line` draws works, without dots; ``None`` below 3 values.

    A point has its ``date`` (a day of its week), ``value`` and ``n``; a value of none is a gap.
    ``earlier`` are those of a term before, laid over from the same place on.
    """
    values = [point["value"] for point in points if point["value"] is not None]
    if len(values) < _FEWEST:
        return None
    before = [point["value"] for point in earlier if point["value"] is not None]
    beside = earlier if len(before) >= _FEWEST else ()
    top, step = _scale([*values, *(before if beside else ())])
    span = max(_weeks_of(points), _weeks_of(beside))
    return {
        "path": _weeks_path(points, span, top),
        "earlier": _weeks_path(beside, span, top),
        "dots": [],
        "gaps": [],
        "ticks": [
            {"value": value, "y": f"{100 - 100 * value / top:.2f}"}
            for value in range(top, -1, -step)
        ],
        "first_day": points[0]["date"],
        "last_day": points[-1]["date"],
        "words": _weeks_in_words(points, values, before if beside else ()),
    }


def calendar(sessions: Iterable[Row]) -> dict[str, Any] | None:
    """Recorded sessions as weeks (columns) of weekdays (rows); ``None`` where there is nothing.

    A session has its ``date``, ``period``, ``status``, ``section_name`` and ``whole_day``; the
    oldest come first. A day shows the worst of its sessions, and tells them all.
    """
    by_day: dict[date, list[Row]] = {}
    for session in sessions:
        on = _day(session["date"])
        if on is not None:
            by_day.setdefault(on, []).append(session)
    if not by_day:
        return None
    first, last = _monday(min(by_day)), _monday(max(by_day))
    mondays = [first + timedelta(weeks=week) for week in range((last - first).days // 7 + 1)]
    weekdays = sorted({on.weekday() for on in by_day} | set(_SCHOOL_DAYS))
    return {
        "weeks": [
            {
                "key": monday.isoformat(),
                "words": f"Week of {shown(monday, 'day')}",
                "month": month,
            }
            for monday, month in zip(mondays, _months(mondays), strict=True)
        ],
        "rows": [
            {
                "weekday": _WEEKDAYS[weekday],
                "days": [_cell(monday + timedelta(days=weekday), by_day) for monday in mondays],
            }
            for weekday in weekdays
        ],
    }


def _weeks_of(points: Sequence[Row]) -> int:
    return (_week_of(points[-1]) - _week_of(points[0])).days // 7 if points else 0


def _week_of(point: Row) -> date:
    return _monday(date.fromisoformat(str(point["date"])))


def _weeks_path(points: Sequence[Row], span: int, top: int) -> str:
    path: list[str] = []
    is_on = False
    for point in points:
        value = point["value"]
        if value is not None:
            x = 100 * ((_week_of(point) - _week_of(points[0])).days // 7) / span
            path.append(f"{'L' if is_on else 'M'}{x:.2f} {100 - 100 * value / top:.2f}")
        is_on = value is not None
    return " ".join(path)


def _weeks_in_words(points: Sequence[Row], values: Sequence[Any], before: Sequence[Any]) -> str:
    words = (
        f"{len(points)} weeks from {shown(points[0]['date'], 'day')}: first "
        f"{shown(values[0], 'percent')}, last {shown(values[-1], 'percent')}, lowest "
        f"{shown(min(values), 'percent')}, highest {shown(max(values), 'percent')}"
    )
    return f"{words}; the term before ended at {shown(before[-1], 'percent')}" if before else words


def _has_place(work: Row) -> bool:
    return _day(work["day"]) is not None and (_is_graded(work) or work["status"] != "graded")


def _is_graded(work: Row) -> bool:
    return work["status"] == "graded" and work["percentage"] is not None


def _placed(works: Iterable[Row]) -> list[tuple[float, Row]]:
    """Each with its place from 0 to 100; a single one stands in the middle."""
    in_order = sorted(works, key=lambda work: str(work["day"]))
    places: list[float] = []
    for day, group in groupby(in_order, key=lambda work: _day(work["day"])):
        of_day = list(group)
        start = (day or date.min).toordinal()
        places += [start + place / len(of_day) for place in range(len(of_day))]
    if not places:
        return []
    span = places[-1] - places[0]
    across = [100 * (place - places[0]) / span if span else 50.0 for place in places]
    return list(zip(across, in_order, strict=True))


def _scale(percentages: Iterable[float | Decimal]) -> tuple[int, int]:
    """The top of the scale and the step of its lines: 100, or what holds more than that."""
    highest = max([100.0, *map(float, percentages)])
    step = 50
    while highest > 4 * step:
        step *= 2
    return -int(-highest // step) * step, step


def _work_in_words(work: Row) -> str:
    result = shown(work["percentage"], "percent") if _is_graded(work) else work["status"]
    return f"{shown(work['name'], 'text')}, {shown(work['day'], 'day')}: {result}"


def _line_in_words(works: Sequence[Row]) -> str:
    graded = [work for work in works if _is_graded(work)]
    others = [str(work["status"]) for work in works if not _is_graded(work)]
    words = []
    if len(graded) == 1:
        words.append(f"one grade, {shown(graded[0]['percentage'], 'percent')}")
    elif graded:
        results = [work["percentage"] for work in graded]
        words.append(
            f"{len(graded)} grades from {shown(graded[0]['day'], 'day')} to "
            f"{shown(graded[-1]['day'], 'day')}: first {shown(results[0], 'percent')}, "
            f"last {shown(results[-1], 'percent')}, lowest {shown(min(results), 'percent')}, "
            f"highest {shown(max(results), 'percent')}"
        )
    words += [f"{others.count(status)} {status}" for status in dict.fromkeys(others)]
    return "; ".join(words)


def _monday(on: date) -> date:
    return on - timedelta(days=on.weekday())


def _months(mondays: Sequence[date]) -> list[str]:
    """The month over the first of its weeks; a first one with a single week has no room."""
    names = [
        f"{monday:%b}" if place == 0 or monday.month != mondays[place - 1].month else ""
        for place, monday in enumerate(mondays)
    ]
    if len(names) > 1 and names[1]:
        names[0] = ""
    return names


def _cell(on: date, by_day: Mapping[date, Sequence[Row]]) -> dict[str, Any]:
    sessions = by_day.get(on, ())
    if not sessions:
        return {"key": on.isoformat(), "status": None, "letter": "", "words": ""}
    worst = max((session["status"] for session in sessions), key=STATUSES.index)
    told = "; ".join(_session_in_words(session, alone=len(sessions) == 1) for session in sessions)
    return {
        "key": on.isoformat(),
        "status": worst,
        "letter": worst[0].upper(),
        "words": f"{on:%a}, {shown(on, 'day')}: {told}",
    }


def _session_in_words(session: Row, *, alone: bool) -> str:
    """Its status, and of several also which one it is."""
    which = []
    if not alone:
        which.append(
            "whole day" if session["whole_day"] else shown(session["section_name"], "text")
        )
    if session["period"]:
        which.append(f"period {shown(session['period'], 'whole')}")
    words = " ".join([*which, session["status"]])
    return f"{words} ({session['remarks']})" if session.get("remarks") else words


def _day(value: object) -> date | None:
    """A day of our calendar, or ``None``."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
