"""What a row left when it moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classpulse.project.change import Change, Row


@dataclass(frozen=True, slots=True)
class Move:
    """A student who left sections and joined others in one transaction. ``place``: of the last of
    these changes, at which it is told; ``places`` are all of them."""

    place: int
    places: frozenset[int]
    #: the enrollments by their sections
    left: dict[int, Row]
    joined: dict[int, Row]


def moves(changes: Sequence[Change]) -> list[Move]:
    """The students who moved, by the changes of their enrollments."""
    found: dict[tuple[int, int], list[int]] = {}
    for place, change in enumerate(changes):
        if change.source == "enrollments" and change.operation in ("insert", "delete"):
            found.setdefault((change.xid, change.row["student_id"]), []).append(place)
    moved = []
    for places in found.values():
        left, joined = (
            {
                changes[place].row["section_id"]: changes[place].row
                for place in places
                if changes[place].operation == operation
            }
            for operation in ("delete", "insert")
        )
        # one that left and came back did not move
        if left and joined and left.keys().isdisjoint(joined):
            moved.append(Move(places[-1], frozenset(places), left, joined))
    return moved


def former(key: str, row: Row, old: Row | None) -> int | None:
    """The value that a row of now had before, if it was another one."""
    return old[key] if old is not None and old[key] != row[key] else None


def previous_keys(row: Row, old: Row | None, *keys: str) -> dict[str, Any]:
    """The keys that a row left, for those who see it where it was."""
    if old is None:
        return {}
    return {f"previous_{key}": old[key] for key in keys if old[key] != row[key]}
