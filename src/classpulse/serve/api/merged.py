"""Figures of many sections merged, kept for as long as no event names one of these sections.

Every change of a figure is told by an event that names its section, in the transaction that makes
the change: what was read at one position of the log holds at a later one but for the sections that
events in between name. So after a change only the blocks of sections that it concerns are read
again, and a district is added up once, not for everyone who looks.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from classpulse.serve.answers import encode
from classpulse.serve.api import sums
from classpulse.serve.snapshot import Reader, Row
from classpulse.sql import queries

_SQL = queries("merged")
# Of all that is kept: sets of sections, and the sections in them. That is some 30 MB at most.
_MOST = 256
_MOST_SECTIONS = 100_000

#: by subject, how many sections have it, and which
Pairs = dict[int, tuple[int, int]]


@dataclass(slots=True)
class Roster:
    """How many students there are, each counted once; by subject, how many too many."""

    pairs: Pairs
    total_students: int
    repetitions: dict[int, int]


@dataclass(slots=True)
class Kept:
    """What was read of some sections at a position of the log, and still holds at ``position``."""

    position: int = -1
    #: sums of sections by the number of the block
    blocks: dict[int, list[Row]] = field(default_factory=dict)
    roster: Roster | None = None
    #: what the blocks add up to, by subject
    added: dict[int | None, Row] | None = None
    totals: Row | None = None
    subjects: str | None = None
    overview: dict[str, Any] | None = None

    def without(self, sections: Iterable[int], position: int, *, roster_moved: bool) -> "Kept":
        """What still holds at a later position, where something of these sections moved."""
        moved = {section // sums.SIZE for section in sections}
        blocks = {number: rows for number, rows in self.blocks.items() if number not in moved}
        return Kept(position, blocks, None if roster_moved else self.roster)


@dataclass(frozen=True, slots=True)
class Stand:
    """What is kept of the sections for this snapshot, and what an answer says of itself."""

    kept: Kept
    as_of: Row


class _Memory:
    """The last sets of sections that somebody looked at, by the log that their figures are of."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, ...], tuple[str, Kept]] = OrderedDict()
        self._sections = 0

    def of(self, sections: tuple[int, ...]) -> tuple[str | None, Kept]:
        found = self._kept.get(sections)
        if found is None:
            return None, Kept()
        self._kept.move_to_end(sections)
        return found

    def keep(self, sections: tuple[int, ...], log: str, kept: Kept) -> None:
        if sections not in self._kept:
            self._sections += len(sections)
        self._kept[sections] = log, kept
        while len(self._kept) > _MOST or (self._sections > _MOST_SECTIONS and len(self._kept) > 1):
            oldest, _ = self._kept.popitem(last=False)
            self._sections -= len(oldest)


_memory = _Memory()


async def stand(reader: Reader, sections: list[int]) -> Stand:
    """Where the log stands in this snapshot, and what holds there of what was read before."""
    key = tuple(sections)
    log, kept = _memory.of(key)
    since = kept.position
    row = await reader.only(_SQL["stand"], sections=sections, log=log, since=since)
    own_log, position = row.pop("log"), row.pop("position")
    moved, roster_moved = row.pop("moved"), row.pop("roster_moved")
    if not row["set_aside"]:
        del row["set_aside"]
    if moved == [] and position >= since:
        kept.position = max(kept.position, position)
        return Stand(kept, row)
    # meanwhile somebody else may have read the same
    log, other = _memory.of(key)
    if log == own_log and other.position == position:
        return Stand(other, row)
    fresh = kept.without(moved, position, roster_moved=roster_moved) if moved else Kept(position)
    # a snapshot older than what is kept reads for itself
    if sections and not (log == own_log and position < other.position):
        _memory.keep(key, own_log, fresh)
    return Stand(fresh, row)


async def totals(reader: Reader, sections: list[int], kept: Kept | None = None) -> Row:
    """Counts, means and rates of these sections merged, and their letters as JSON text, ``None``
    where there is none. Without ``kept`` it is looked for."""
    kept = kept or (await stand(reader, sections)).kept
    if kept.totals is None:
        by_subject = await _added(reader, sections, kept)
        roster = await _roster(reader, sections, kept)
        whole = by_subject.get(None, _NOTHING)
        rates = await reader.only(
            _SQL["rates"],
            sections=sections,
            average_sum=whole["average_sum"],
            averages=whole["averages"],
            known=whole["passed_students"] + whole["failed_students"],
            passed=whole["passed_students"],
            attended=whole["attended"],
            missed=whole["missed"],
            missed_excused=whole["missed_excused"],
        )
        recorded = {name: whole[name] for name in ("present", "late", "absent", "excused")}
        letters = sums.distribution(whole["letters"])
        kept.totals = {
            "total_students": roster.total_students,
            "total_sections": len(sections),
            "total_subjects": len(by_subject.keys() - {None}),
            "standings": whole["standings"],
            "no_data": whole["no_data"],
            "passed_students": whole["passed_students"],
            "failed_students": whole["failed_students"],
            "overall_average": rates["overall_average"],
            "overall_pass_rate": rates["overall_pass_rate"],
            **recorded,
            "total": sum(recorded.values()),
            "percentage": rates["percentage"],
            "percentage_unexcused": rates["percentage_unexcused"],
            "chronically_absent": rates["chronically_absent"],
            "absence_basis": _basis(whole["calendars"], len(sections)),
            "grade_distribution": encode(letters).decode() if letters else None,
        }
    return dict(kept.totals)


async def subjects(reader: Reader, sections: list[int], kept: Kept | None = None) -> str:
    """What the figures of their subjects are made of: JSON for the statement that lists them.
    Without ``kept`` it is looked for."""
    kept = kept or (await stand(reader, sections)).kept
    if kept.subjects is None:
        by_subject = await _added(reader, sections, kept)
        roster = await _roster(reader, sections, kept)
        rows = []
        for subject, row in by_subject.items():
            if subject is not None:
                letters = sums.distribution(row["letters"])
                too_many = roster.repetitions.get(subject, 0)
                rows.append(
                    row
                    | {
                        "total_students": row["standings"] - too_many,
                        "recorded": row["attended"] + row["missed"] + row["missed_excused"],
                        "grade_distribution": letters or None,
                        "letters": None,
                    }
                )
        kept.subjects = encode(rows).decode()
    return kept.subjects


async def subject_ids(reader: Reader, sections: list[int], kept: Kept | None = None) -> list[int]:
    """Their subjects. Without ``kept`` what is kept is looked for."""
    kept = kept or (await stand(reader, sections)).kept
    return [subject for subject in await _added(reader, sections, kept) if subject is not None]


def _basis(calendars: int, sections: int) -> str:
    """By what it is said who is chronically absent, where sections are of several schools, too."""
    if not calendars:
        return "sessions"
    return "calendar" if calendars == sections else "mixed"


async def _added(reader: Reader, sections: list[int], kept: Kept) -> dict[int | None, Row]:
    if kept.added is None:
        missing = [section for section in sections if section // sums.SIZE not in kept.blocks]
        # on the side: who reads the same at once must not take half of it for the whole
        blocks: dict[int, list[Row]] = {section // sums.SIZE: [] for section in missing}
        if missing:
            for row in await reader.all(_SQL["blocks"], sections=missing):
                blocks[row["block"]].append(sums.decoded(row))
                # of a district that is a while: others have their turn
                await asyncio.sleep(0)
        kept.blocks |= blocks
        kept.added = sums.added(row for rows in kept.blocks.values() for row in rows)
    return kept.added


async def _roster(reader: Reader, sections: list[int], kept: Kept) -> Roster:
    by_subject = await _added(reader, sections, kept)
    pairs = {
        subject: (row["total_sections"], row["sections"])
        for subject, row in by_subject.items()
        if subject is not None
    }
    if kept.roster is None or kept.roster.pairs != pairs:
        row = await reader.only(_SQL["roster"], sections=sections)
        repetitions = dict(zip(row["subject_ids"], row["repetitions"], strict=True))
        kept.roster = Roster(pairs, row["total_students"], repetitions)
    return kept.roster


_NOTHING: Row = {
    "standings": 0,
    "no_data": 0,
    "passed_students": 0,
    "failed_students": 0,
    "averages": 0,
    "average_sum": 0,
    "present": 0,
    "late": 0,
    "absent": 0,
    "excused": 0,
    "attended": 0,
    "missed": 0,
    "missed_excused": 0,
    "calendars": 0,
    "letters": {},
}
