"""Averages, attendance and pass rates as they were, week by week or day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import as_of, json_response
from classpulse.serve.api.subjects import without_figures
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import (
    all_sections,
    require_sections,
    require_students,
    sections_in_view,
)
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Id, read_query
from classpulse.serve.problems import Problem, not_found
from classpulse.serve.snapshot import Reader, Row, Source, snapshot
from classpulse.sql import queries

_SQL = queries("trends")
_MOST = 400
_USUAL = timedelta(weeks=26)

Of = Literal["student", "section", "subject", "scope"]
Metric = Literal["average", "attendance", "pass_rate"]
By = Literal["week", "day"]


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/trends``. ``section_id``: which of a student's standings, or of the sections with
    a subject."""

    of: Of
    id: Id | None = None
    section_id: Id | None = None
    metric: Metric = "average"
    by: By = "week"
    from_date: date | None = msgspec.field(name="from", default=None)
    to_date: date | None = msgspec.field(name="to", default=None)

    def __post_init__(self) -> None:
        if self.of == "scope" and self.id is not None:
            raise ValueError("id must be left out of a trend of your whole scope")
        if self.of != "scope" and self.id is None:
            raise ValueError(f"id must be given: which {self.of}")
        if self.of in ("scope", "section") and self.section_id is not None:
            raise ValueError("section_id must be left out but for a student or a subject")
        if self.from_date and self.to_date and self.from_date > self.to_date:
            raise ValueError("from must not be after to")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose trend it is: what all these sections hold, or of it one student's or one subject's."""

    sections: list[int]
    student_id: int | None = None
    subject_id: int | None = None


async def trend_of(source: Source, viewer: Viewer, asked: Asked) -> dict[str, Any]:
    """``points`` from the first row on, as ``date``, ``value`` (percent, 2 places) and ``n``.

    A week's point is that of its Sunday, or of the last day asked for or today where that comes
    before. ``complete``: false while what was there before is being derived. 404 where it is not
    theirs, 400 where it would be more than 400 points.
    """
    async with snapshot(source) as reader:
        return await trend_in(reader, viewer, asked)


async def trend_in(reader: Reader, viewer: Viewer, asked: Asked) -> dict[str, Any]:
    """The same, in the snapshot of an answer that holds more."""
    subject = await _subject(reader, viewer, asked)
    window = await _window(reader, subject, asked)
    points, complete = await points_in(reader, subject, [asked.metric], window)
    return {
        "points": points[asked.metric],
        "window": {"from": window.first, "to": window.last, "by": window.by},
        "complete": complete,
        **await as_of(reader, subject.sections),
    }


async def points_in(
    reader: Reader, subject: Subject, metrics: Sequence[Metric], window: "Window"
) -> tuple[dict[Metric, list[Row]], bool]:
    """The points of each metric, and whether they are complete: a query for all that is alike."""
    ends = window.ends()
    is_student = subject.student_id is not None
    who = "student" if is_student else "sections"
    asked: dict[str, Any] = {"ends": ends, "sections": subject.sections}
    asked |= (
        {"student_id": subject.student_id} if is_student else {"subject_id": subject.subject_id}
    )
    names = {
        metric: f"attendance_of_{who}" if metric == "attendance" else f"of_{who}"
        for metric in metrics
    }
    rows = {
        name: await reader.all(_SQL[name], **asked) if ends else []
        for name in dict.fromkeys(names.values())
    }
    complete = await reader.only(
        _SQL["complete"], sections=subject.sections, student_id=subject.student_id
    )
    points = {
        metric: [
            {"date": ends[row["place"] - 1], "value": row[metric], "n": row[f"{metric}_n"]}
            for row in rows[name]
        ]
        for metric, name in names.items()
    }
    return points, complete["complete"]


@dataclass(frozen=True, slots=True)
class Window:
    """From one day to another, both in it, up to ``today``."""

    first: date
    last: date
    today: date
    by: By = "week"

    def ends(self) -> list[date]:
        """The last day of each period; none is later than the window's last, or than today."""
        step = timedelta(weeks=1) if self.by == "week" else timedelta(days=1)
        first = _monday(self.first) if self.by == "week" else self.first
        number = max(0, (self.last - first) // step + 1)
        if number > _MOST:
            raise Problem(
                400,
                f"That would be {number:,} points, and an answer has at most {_MOST}: ask for a"
                " later from, an earlier to, or by=week.",
                errors=[{"parameter": "from", "detail": f"more than {_MOST} points"}],
            )
        most = min(self.last, self.today)
        return [
            min(first + step * (place + 1) - timedelta(days=1), most) for place in range(number)
        ]


async def window_of(
    reader: Reader,
    subject: Subject,
    *,
    first: date | None = None,
    last: date | None = None,
    by: By = "week",
) -> Window:
    """The days asked for, else those of the sections' terms so far, else the last 26 weeks."""
    known = await reader.once(_SQL["window"], sections=subject.sections)
    today: date = known["today"]
    end = min(last or known["ends_on"] or today, today)
    if first is None:
        starts_on = known["starts_on"]
        try:
            first = end - _USUAL if starts_on is None else starts_on
            if last is None:
                # a long term from where its points are as many as may be
                step = timedelta(weeks=1) if by == "week" else timedelta(days=1)
                first = max(first, end - step * (_MOST - 1))
        except OverflowError:
            raise Problem(400, "from and to must be days of our calendar.") from None
        first = min(first, end)
    if by == "week" and first.toordinal() < 7:
        raise Problem(400, "from and to must be days of our calendar.")
    return Window(first, end, today, by)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


async def _window(reader: Reader, subject: Subject, asked: Asked) -> Window:
    return await window_of(reader, subject, first=asked.from_date, last=asked.to_date, by=asked.by)


async def _subject(reader: Reader, viewer: Viewer, asked: Asked) -> Subject:
    if asked.section_id is not None:
        await require_sections(reader, viewer, [asked.section_id])
    if asked.id is None:
        return Subject(await sections_in_view(reader, viewer))
    match asked.of:
        case "section":
            await require_sections(reader, viewer, [asked.id])
            return Subject([asked.id])
        case "subject":
            return await subject_in(reader, viewer, asked.id, asked.section_id)
        case _:
            return await student_in(reader, viewer, asked.id, asked.section_id)


async def subject_in(
    reader: Reader, viewer: Viewer, subject_id: int, section_id: int | None
) -> Subject:
    """A subject over the sections in view, or in one that is theirs; 404 unless it is, too."""
    if section_id is None:
        sections = await sections_in_view(reader, viewer)
    else:
        sections = [section_id]
    found = await reader.only(_SQL["has_subject"], sections=sections, subject_id=subject_id)
    if not found["found"]:
        # a subject of another term has none here; one that is not theirs is no subject
        await without_figures(reader, viewer, subject_id)
    return Subject(sections, subject_id=subject_id)


async def student_in(
    reader: Reader, viewer: Viewer, student_id: int, section_id: int | None
) -> Subject:
    """A student's standings that they may see, or the one in a section; 404 where there is none."""
    await require_students(reader, viewer, [student_id])
    sections = await all_sections(reader, viewer) if section_id is None else [section_id]
    rows = await reader.all(_SQL["standings"], sections=sections, student_id=student_id)
    if section_id is not None and not rows:
        raise not_found("standing in this section")
    return Subject([row["section_id"] for row in rows], student_id=student_id)


async def _get(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Asked)
    return json_response(await trend_of(request.app.state.database, viewer, asked))


routes = [Route("/trends", _get)]
