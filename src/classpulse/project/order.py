"""The order in which one transaction changed a row.

A statement inside a trigger is captured before the statement that fired it, so the ids of the
changes of a row can run against what happened. ``old`` and ``new`` tell: each change begins where
the one before it ended, and the last ends at what the table holds.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from classpulse.capture.change import Change, Row

#: tables whose rows are told one by one
_TOLD = frozenset({"grades", "attendance", "exams", "students", "enrollments"})

#: table, id (or student), and the section of an enrollment
Key = tuple[str, int, int | None]
Held = Mapping[Key, Row]
_State = Hashable


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
        if not _ends_at(chain[-1], now) and not _is_followed_by_bulk(changes, places[-1]):
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
    end = _state(now)
    chain: list[Change] = []
    for xid in reversed(list(dict.fromkeys(change.xid for change in changes))):
        mine = _trail([change for change in changes if change.xid == xid], end)
        chain = mine + chain
        end = _state(mine[0].old)
    return chain


def _trail(changes: list[Change], end: _State) -> list[Change]:
    """The changes of one transaction in an order where each begins at the end of the last."""
    states = [(_state(change.old), _state(change.new)) for change in changes]
    follows = all(states[n][1] == states[n + 1][0] for n in range(len(states) - 1))
    if follows and (states[-1][1] == end or states[0][0] != states[-1][1]):
        return changes
    ends = {new: 0 for _, new in states}
    for old, new in states:
        ends[new] += 1
        if old in ends:
            ends[old] -= 1
    surplus = [state for state, count in ends.items() if count > 0]
    walked = _walk_back(states, surplus[0] if surplus else end)
    if len(walked) == len(changes):
        return [changes[number] for number in walked]
    # broken by what is not told one by one: at least a row comes first and goes last
    return sorted(changes, key=lambda change: (change.old is not None, change.new is None))


def _walk_back(states: list[tuple[_State, _State]], end: _State) -> list[int]:
    """Every change once, from the last back to the first; fewer, if there is no such way."""
    into: defaultdict[_State, list[int]] = defaultdict(list)
    for number, (_, new) in enumerate(states):
        into[new].append(number)
    way: list[tuple[_State, int | None]] = [(end, None)]
    walked: list[int] = []
    while way:
        state, by = way[-1]
        if into[state]:
            number = into[state].pop()
            way.append((states[number][0], number))
        else:
            way.pop()
            if by is not None:
                walked.append(by)
    follows = all(states[a][1] == states[b][0] for a, b in pairwise(walked))
    return walked if follows else []


def _ends_at(change: Change, now: Row | None) -> bool:
    return _state(change.new) == _state(now)


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


def _state(row: Row | None) -> _State:
    return None if row is None else _frozen(row)


def _frozen(value: Any) -> _State:
    if isinstance(value, dict):
        return tuple((key, _frozen(value[key])) for key in sorted(value))
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return value  # type: ignore[no-any-return]


def with_both(before: Iterable[Change], after: Collection[Change]) -> list[Change]:
    """What has to be folded in: also what a corrected change no longer names."""
    kept = {id(change) for change in after}
    return [*after, *(change for change in before if id(change) not in kept)]
