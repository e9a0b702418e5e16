"""``performance_update``: the overview of a scope for its streams, whole or what changed of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from databases import Database

from classpulse.events import Scope
from classpulse.publish.reading import MOST_ROWS, Asked, Listed, Reading
from classpulse.serve.answers import as_of, embedded, encode, no_letters, performers, with_json
from classpulse.serve.overview import overview_of, totals_of
from classpulse.serve.scope import sections_in_view
from classpulse.serve.snapshot import Reader, Row, snapshot
from classpulse.serve.viewer import Viewer
from classpulse.sql import queries

_SQL = queries("update")
_ROWS = {"sections": "sections_summary", "subjects": "subjects_summary"}
_PERFORMERS = ("top_performers", "low_performers")
_LISTS = ("grade_distribution", *_PERFORMERS)
_HEAD = ("as_of", "as_of_time", "set_aside")
_CHARTS = ("subject_performance_chart", "sections_performance_chart")
_BESIDE_TOTALS = {*_ROWS.values(), *_LISTS, *_HEAD, *_CHARTS, "truncated"}
_ATTENDANCE = (
    "present",
    "late",
    "absent",
    "excused",
    "total",
    "percentage",
    "percentage_unexcused",
    "chronically_absent",
)
# How many performers of each kind there are where there are enough.
_LISTED = 5


async def whole_of(database: Database, scope: Scope) -> Reading:
    """The whole overview of a scope, with at most 100 rows of each kind."""
    figures = await overview_of(database, _viewer(scope))
    rows, truncated = {}, bool(figures.get("truncated"))
    for name, summary in _ROWS.items():
        found = figures[summary]
        if len(found) > MOST_ROWS:
            found, truncated = sorted(found, key=_weakest_first)[:MOST_ROWS], True
        rows[name] = _by_id(found, f"{name[:-1]}_id")
    subject_ids = frozenset(rows["subjects"])
    if truncated:
        async with snapshot(database) as reader:
            subject_ids = await _subject_ids(reader, await sections_in_view(reader, _viewer(scope)))
    totals = {name: value for name, value in figures.items() if name not in _BESIDE_TOTALS}
    return Reading(
        figures["as_of"],
        head={name: figures[name] for name in _HEAD if name in figures},
        totals=_json(totals),
        lists={name: _json(figures[name]) for name in _LISTS},
        sections=rows["sections"],
        subjects=rows["subjects"],
        truncated=truncated,
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
        totals, letters = await totals_of(reader, viewer, view)
        totals["attendance_stats"] = {name: totals.pop(name) for name in _ATTENDANCE}
        lists: dict[str, Any] = {"grade_distribution": letters}
        listed = None
        if await _moves_performers(reader, current, asked.listed):
            lists |= (await performers(reader, view))[None]
            listed = _listed(lists)
        section_rows = await reader.all(_SQL["sections"], sections=sorted(current))
        subjects, repetitions, missing = await _subjects(reader, view, current, asked)
        head = await as_of(reader, view)
        return Reading(
            head["as_of"],
            head=head,
            totals=_json(totals),
            lists={name: _json(value) for name, value in lists.items()},
            sections=_by_id(
                (with_json(row, ["grade_distribution"]) for row in section_rows), "section_id"
            ),
            subjects=subjects,
            missing=missing,
            subject_ids=await _subject_ids(reader, view) if asked.refetch else None,
            listed=listed,
            repetitions=repetitions,
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
    reader: Reader, view: list[int], current: frozenset[int], asked: Asked
) -> tuple[dict[int, msgspec.Raw], dict[int, tuple[str, int]], frozenset[int]]:
    """Rows by id, what was counted for them, and those asked for that are not there."""
    of_sections = asked.whole_sections & current
    if not (asked.subjects or of_sections):
        return {}, {}, frozenset()
    known = list(asked.repetitions.items())
    rows = await reader.all(
        _SQL["subjects"],
        sections=view,
        asked=sorted(asked.subjects),
        of_sections=sorted(of_sections),
        known=[subject for subject, _ in known],
        pairings=[pairing for _, (pairing, _) in known],
        repetitions=[n for _, (_, n) in known],
        limit=MOST_ROWS + 1,
    )
    counted = {}
    for row in rows:
        counted[row["subject_id"]] = (row.pop("pairing"), row.pop("repetitions"))
        letters = row["grade_distribution"]
        row["grade_distribution"] = (
            embedded(letters) if letters else await no_letters(reader, row["school_id"])
        )
    found = _by_id(rows, "subject_id")
    # one too many is told by no row
    missing = asked.subjects - found.keys() if len(rows) <= MOST_ROWS else frozenset()
    return found, counted, frozenset(missing)


async def _subject_ids(reader: Reader, sections: list[int]) -> frozenset[int]:
    row = await reader.only(_SQL["subject_ids"], sections=sections)
    return frozenset(row["subject_ids"])


def _listed(figures: Mapping[str, Any]) -> Listed:
    top, low = (figures[name] for name in _PERFORMERS)
    sections = frozenset(student["section_id"] for student in (*top, *low))
    if len(top) < _LISTED or len(low) < _LISTED:
        return Listed(sections)
    return Listed(sections, top[-1]["average_score"], low[-1]["average_score"])


def _weakest_first(row: Row) -> tuple[bool, Any]:
    average = row["average_score"]
    return average is None, average or 0


def _by_id(rows: Iterable[Row], key: str) -> dict[int, msgspec.Raw]:
    return {row[key]: _json(row) for row in rows}


def _json(content: Any) -> msgspec.Raw:
    return msgspec.Raw(encode(content))


def _viewer(scope: Scope) -> Viewer:
    return Viewer(0, "", "", "", scope.school_id, scope)
