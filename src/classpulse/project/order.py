"""The order in which one transaction changed a row.

A statement inside a trigger is captured before the statement that fired it, so the ids of the
changes of a row can run against what happened. ``old`` and ``new`` tell: each change begins where
the one before it ended, and the last ends at what the table holds.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from classpulse.project.change import Change, Row

#: tables whose rows are told one by one
_TOLD = frozenset({"grades", "attendance", "exams", "students", "enrollments"})

#: so many rows are compared with each other sooner than hashed
FEW = 16

#: table, id (or student), and the section of an enrollment
Key = tuple[str, int, int | None]
Held = Mapping[Key, Row]


@dataclass(slots=True)
class Unclear:
    """Rows that one transaction changed more than once, by the places of their changes."""

    rows: dict[Key, list[int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows)

    def arguments(self) -> list[list[int]]:
        """The arrays that the query ``rows_now`` takes, in its order."""
        by_id = {
            source: [key[1] for key in self.rows if key[0] == source]
            for source in ("grades", "attendance", "exams", "students")
        }
        pairs = [(key[1], key[2] or 0) for key in self.rows if key[0] == "enrollments"]
        return [*by_id.values(), [pair[0] for pair in pairs], [pair[1] for pair in pairs]]


def unclear(changes: list[Change]) -> Unclear:
    """The rows whose order the ids of ``changes`` do not settle."""
    found = Unclear()
    if len(changes) < 2:
        return found
    condensed = {(change.source, change.xid) for change in changes if change.operation == "bulk"}
    seen: dict[tuple[Key, int], int] = {}
    doubtful: set[Key] = set()
    places: defaultdict[Key, list[int]] = defaultdict(list)
    for place, change in enumerate(changes):
        key = _key(change)
        if key is None:
            continue
        places[key].append(place)
        count = seen[key, change.xid] = seen.get((key, change.xid), 0) + 1
        if count > 1 or (change.source, change.xid) in condensed:
            doubtful.add(key)
    found.rows = {key: places[key] for key in places if key in doubtful}
    return found


def in_order(changes: list[Change], rows: Unclear, held: Held) -> list[Change]:
    """The same changes, those of each unclear row in the order in which they were made.

    ``held`` are these rows as the table holds them. The last change of a row says so, too, unless
    a bulk change after it tells the rest.
    """
    ordered = list(changes)
    for key, places in rows.rows.items():
        now = held.get(key)
        chain = _chained([changes[place] for place in places], now)
        if chain[-1].new != now and not _is_followed_by_bulk(changes, places[-1]):
            chain[-1] = _corrected(chain[-1], now)
        moments = sorted(change.at for change in chain)
        for place, change, at in zip(places, chain, moments, strict=True):
            ordered[place] = change if change.at == at else replace(change, at=at)
    return ordered


def _key(change: Change) -> Key | None:
    if change.source not in _TOLD or change.operation in ("bulk", "truncate"):
        return None
    row = change.row
    if change.source == "enrollments":
        return change.source, row["student_id"], row["section_id"]
    return change.source, row["id"], None


def _chained(changes: list[Change], now: Row | None) -> list[Change]:
    """Transaction by transaction from the last, each ending where the next one begins."""
    transactions: dict[int, list[Change]] = {}
    for change in changes:
        transactions.setdefault(change.xid, []).append(change)
    end = now
    trails: list[list[Change]] = []
    for mine in reversed(transactions.values()):
        trails.append(_trail(mine, end))
        end = trails[-1][0].old
    return [change for trail in reversed(trails) for change in trail]


def _trail(changes: list[Change], end: Row | None) -> list[Change]:
    """The changes of one transaction in an order where each begins at the end of the last."""
    follows = all(one.new == other.old for one, other in pairwise(changes))
    if follows and (changes[-1].new == end or changes[0].old != changes[-1].new):
        return changes
    last, *states = _numbered([end, *(row for change in changes for row in _sides(change))])
    steps = list(zip(states[::2], states[1::2], strict=True))
    surplus = Counter(new for _, new in steps)
    surplus.subtract(old for old, _ in steps)
    ends = [state for state, count in surplus.items() if count > 0]
    walked = _walk_back(steps, ends[0] if ends else last)
    if len(walked) == len(changes):
        return [changes[number] for number in walked]
    # broken by what is not told one by one: at least a row comes first and goes last
    return sorted(changes, key=lambda change: (change.old is not None, change.new is None))


def _sides(change: Change) -> tuple[Row | None, Row | None]:
    return change.old, change.new


def _numbered(rows: list[Row | None]) -> list[int]:
    """The same number for rows that are alike."""
    if len(rows) <= FEW:
        alike: list[Row | None] = []
        for row in rows:
            if row not in alike:
                alike.append(row)
        return [alike.index(row) for row in rows]
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(_frozen(row), len(numbers)) for row in rows]


def _frozen(value: Any) -> Hashable:
    if isinstance(value, dict):
        return tuple((key, _frozen(value[key])) for key in sorted(value))
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return value  # type: ignore[no-any-return]


def _walk_back(steps: list[tuple[int, int]], end: int) -> list[int]:
    """Every step once, as numbers, so that the last one ends at ``end``; ``[]`` if none can."""
    into: defaultdict[int, list[int]] = defaultdict(list)
    for number, (_, new) in enumerate(steps):
        into[new].append(number)
    way: list[tuple[int, int | None]] = [(end, None)]
    walked: list[int] = []
    while way:
        state, by = way[-1]
        if into[state]:
            number = into[state].pop()
            way.append((steps[number][0], number))
        else:
            way.pop()
            if by is not None:
                walked.append(by)
    follows = all(steps[one][1] == steps[other][0] for one, other in pairwise(walked))
    return walked if follows else []


def _is_followed_by_bulk(changes: list[Change], place: int) -> bool:
    last = changes[place]
    return any(
        change.source == last.source
        and (change.operation == "truncate" or _is_bulk_of(change, last))
        for change in changes[place + 1 :]
    )


def _is_bulk_of(change: Change, last: Change) -> bool:
    if change.operation != "bulk":
        return False
    if change.section_id is None:
        return any(_student(row) in change.student_ids for row in last.rows)
    return any(row.get("section_id") == change.section_id for row in last.rows)


def _student(row: Row) -> Any:
    return row.get("student_id", row.get("id"))


def _corrected(change: Change, now: Row | None) -> Change:
    if now is None:
        return replace(change, operation="delete", old=change.row, new=None)
    if change.old is None:
        return replace(change, operation="insert", new=now)
    return replace(change, operation="update", new=now)


def with_both(before: Iterable[Change], after: Collection[Change]) -> list[Change]:
    """What has to be folded in: also what a corrected change no longer names."""
    kept = {id(change) for change in after}
    return [*after, *(change for change in before if id(change) not in kept)]
