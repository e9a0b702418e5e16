"""Figures of many sections merged, kept for as long as no event names one of these sections.

Every change of a figure is told by an event that names its section, in the transaction that makes
the change: what was read at one position of the log holds at a later one if nothing in between
concerns the same sections. So a district is added up after a change, not for everyone who looks.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from classpulse.serve.listing import MOST
from classpulse.serve.snapshot import Reader, Row
from classpulse.sql import queries

_SQL = queries("merged")
# Of all that is kept: sections, each counted once for every set of sections that it is in.
_MOST_SECTIONS = 100_000


@dataclass(slots=True)
class Kept:
    """What was read of some sections at a position of the log, and still holds at ``position``."""

    position: int = -1
    totals: Row | None = None
    subjects: str | None = None
    overview: dict[str, Any] | None = None


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
        while self._sections > _MOST_SECTIONS and len(self._kept) > 1:
            oldest, _ = self._kept.popitem(last=False)
            self._sections -= len(oldest)


_memory = _Memory()


async def stand(reader: Reader, sections: list[int]) -> Stand:
    """Where the log stands in this snapshot, and what holds there of what was read before."""
    key = tuple(sections)
    log, kept = _memory.of(key)
    row = await reader.only(_SQL["stand"], sections=sections, log=log, since=kept.position)
    own_log, position, holds = row.pop("log"), row.pop("position"), row.pop("holds")
    if not row["set_aside"]:
        del row["set_aside"]
    if holds:
        kept.position = max(kept.position, position)
        return Stand(kept, row)
    # meanwhile somebody else may have begun to read the same
    log, other = _memory.of(key)
    if log == own_log and other.position == position:
        return Stand(other, row)
    fresh = Kept(position)
    # a snapshot older than what is kept reads for itself
    if sections and not (log == own_log and position < other.position):
        _memory.keep(key, own_log, fresh)
    return Stand(fresh, row)


async def totals(reader: Reader, sections: list[int], kept: Kept | None = None) -> Row:
    """Counts, means and rates of these sections merged, and their letters as JSON text."""
    found = kept.totals if kept else None
    if found is None:
        found = await reader.only(_SQL["totals"], sections=sections)
        if kept:
            kept.totals = found
    return dict(found)


async def subjects(
    reader: Reader, sections: list[int], kept: Kept | None = None, *, only: int | None = None
) -> str:
    """What the figures of their subjects are made of, or at least those of the ``only`` one: JSON
    for the statement that lists subjects."""
    if kept and kept.subjects is not None:
        return kept.subjects
    # of many sections to read all subjects takes hardly longer, and is of use again
    if len(sections) > MOST:
        only = None
    row = await reader.only(_SQL["subjects"], sections=sections, only=only)
    sums: str = row["sums"] or "[]"
    if kept and only is None:
        kept.subjects = sums
    return sums
