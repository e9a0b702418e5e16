"""``performance_update``: the overview of a scope for its streams, whole or what changed of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from databases import Database

from classpulse.events import Scope
from classpulse.publish.reading import MOST_ROWS, Asked, Listed, Reading
from classpulse.serve.answers import embedded, encode, no_letters, with_json
from classpulse.serve.api import merged
from classpulse.serve.api.overview import ATTENDANCE, overview_in, performers_of, totals_of
from classpulse.serve.auth.scope import sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.snapshot import Reader, Row, snapshot
from classpulse.sql import queries

_SQL = queries("update")
_PERFORMERS = ("top_performers", "low_performers")
_LISTS = ("grade_distribution", *_PERFORMERS)
_HEAD = ("as_of", "as_of_time", "set_aside")
_ROWS = (
    "subject_performance_chart",
    "sections_performance_chart",
    "sections_summary",
    "subjects_summary",
)
_BESIDE_TOTALS = {*_ROWS, *_LISTS, *_HEAD, "truncated"}
# How many performers of each kind there are where there are enough.
_LISTED = 5


async def whole_of(database: Database, scope: Scope) -> Reading:
    """The whole overview of a scope, with at most 100 rows of each kind."""
    viewer = _viewer(scope)
    async with snapshot(database) as reader:
        view = await sections_in_view(reader, viewer)
        here = await merged.stand(reader, view)
        figures = await overview_in(reader, viewer, view, here)
        subject_ids = frozenset(await merged.subject_ids(reader, view, here.kept))
    totals = {name: value for name, value in figures.items() if name not in _BESIDE_TOTALS}
    return Reading(
        figures["as_of"],
        head={name: figures[name] for name in _HEAD if name in figures},
        totals=_json(totals),
        lists={name: _json(figures[name]) for name in _LISTS},
        sections=_by_id(figures["sections_summary"], "section_id"),
        subjects=_by_id(figures["subjects_summary"], "subject_id"),
        truncated=figures["truncated"],
        subject_ids=subject_ids,
        listed=_listed(figures),
    )


async def difference_of(database: Database, scope: Scope, asked: Asked) -> Reading | None:
    """What was asked for of the overview of a scope, in one snapshot, beside its totals.

    ``None`` where nothing of what was touched is of the current terms.
    """
    viewer = _viewer(scope)
    async with snapshot(database) as reader:
        view = await sections_in_view(reader, viewer)
        current = asked.sections.intersection(view)
        if not (current or asked.refetch):
            return None
        here = await merged.stand(reader, view)
        totals, letters = await totals_of(reader, viewer, view, here.kept)
        totals["attendance_stats"] = {name: totals.pop(name) for name in ATTENDANCE}
        lists: dict[str, Any] = {"grade_distribution": letters}
        listed = None
        if await _moves_performers(reader, current, asked.listed):
            lists |= await performers_of(reader, view)
            listed = _listed(lists)
        section_rows = await reader.all(_SQL["sections"], sections=sorted(current))
        subjects, missing = await _subjects(reader, view, current, asked, here.kept)
        return Reading(
            here.as_of["as_of"],
            head=here.as_of,
            totals=_json(totals),
            lists={name: _json(value) for name, value in lists.items()},
            sections=_by_id(
                (with_json(row, ["grade_distribution"]) for row in section_rows), "section_id"
            ),
            subjects=subjects,
            missing=missing,
            subject_ids=frozenset(await merged.subject_ids(reader, view, here.kept)),
            listed=listed,
        )


async def _moves_performers(
    reader: Reader, sections: frozenset[int], listed: Listed | None
) -> bool:
    if listed is None or listed.top_bar is None or not listed.sections.isdisjoint(sections):
        return True
    row = await reader.only(
        _SQL["reaches_the_listed"],
        sections=sorted(sections),
        top_bar=listed.top_bar,
        low_bar=listed.low_bar,
    )
    return bool(row["found"])


async def _subjects(
    reader: Reader, view: list[int], current: frozenset[int], asked: Asked, kept: merged.Kept
) -> tuple[dict[int, msgspec.Raw], frozenset[int]]:
    """Rows by id, and those asked for that are not there."""
    of_sections = asked.whole_sections & current
    if not (asked.subjects or of_sections):
        return {}, frozenset()
    rows = await reader.all(
        _SQL["subjects"],
        sums=await merged.subjects(reader, view, kept),
        asked=sorted(asked.subjects),
        of_sections=sorted(of_sections),
        # one too many is told by no row
        limit=MOST_ROWS + 1,
    )
    rows = [with_json(row, ["coverage"]) for row in rows]
    for row in rows:
        letters = row["grade_distribution"]
        row["grade_distribution"] = (
            embedded(letters) if letters else await no_letters(reader, row["school_id"])
        )
    there = await merged.subject_ids(reader, view, kept)
    return _by_id(rows, "subject_id"), asked.subjects.difference(there)


def _listed(figures: Mapping[str, Any]) -> Listed:
    top, low = (figures[name] for name in _PERFORMERS)
    sections = frozenset(student["section_id"] for student in (*top, *low))
    if len(top) < _LISTED or len(low) < _LISTED:
        return Listed(sections)
    return Listed(sections, top[-1]["average_score"], low[-1]["average_score"])


def _by_id(rows: Iterable[Row], key: str) -> dict[int, msgspec.Raw]:
    return {row[key]: _json(row) for row in rows}


def _json(content: Any) -> msgspec.Raw:
    return msgspec.Raw(encode(content))


def _viewer(scope: Scope) -> Viewer:
    return Viewer(0, "", "", "", scope.school_id, scope)
