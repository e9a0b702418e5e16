"""Sums of what sections have, block by block, and how blocks are added up."""

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Any

import msgspec

from classpulse.serve.snapshot import Row

#: sections whose ids divided by this are the same make a block, as in the statement that sums
SIZE = 64

_ADDED = (
    "total_sections",
    "standings",
    "passed_students",
    "failed_students",
    "no_data",
    "averages",
    "present",
    "late",
    "absent",
    "excused",
    "attended",
    "missed",
    "missed_excused",
    "due_items",
    "marked_items",
    "calendars",
    "registers_expected",
    "registers_taken",
    "uncounted_count",
)
# Sums of exact averages may have more digits than Python's own 28.
_EXACT = Context(prec=10_000)
_distributions = msgspec.json.Decoder(list[dict[str, int]]).decode


def decoded(row: Row) -> Row:
    """A row of the statement with its letters as ``{name: (number, place)}``, the best at 0."""
    scale = row["letters"]
    numbers = dict.fromkeys(reversed(scale), 0)
    for counts in _distributions(row["distributions"]):
        for name, number in counts.items():
            # a letter of a former scale is no letter of the section any more
            if name in numbers:
                numbers[name] += number
    letters = {name: (number, place) for place, (name, number) in enumerate(numbers.items())}
    return {name: row[name] for name in row if name != "distributions"} | {"letters": letters}


def added(rows: Iterable[Row]) -> dict[int | None, Row]:
    """The sums of all blocks by subject; those of the sections themselves under ``None``."""
    found: dict[int | None, Row] = {}
    for row in rows:
        total = found.get(row["subject_id"])
        if total is None:
            found[row["subject_id"]] = row | {"letters": dict(row["letters"])}
        else:
            _add(total, row)
    return found


def distribution(letters: dict[str, tuple[int, int]]) -> dict[str, int]:
    """The number of each letter, the best letter first."""
    in_order = sorted(letters.items(), key=lambda letter: (letter[1][1], letter[0]))
    return {name: number for name, (number, _) in in_order}


def _add(total: Row, row: Row) -> None:
    for name in _ADDED:
        total[name] += row[name]
    total["sections"] ^= row["sections"]
    total["average_sum"] = _EXACT.add(total["average_sum"], row["average_sum"])
    for name in ("highest_score", "changed"):
        total[name] = _extreme(max, total[name], row[name])
    total["lowest_score"] = _extreme(min, total["lowest_score"], row["lowest_score"])
    letters = total["letters"]
    for name, (number, place) in row["letters"].items():
        known, first = letters.get(name, (0, place))
        letters[name] = known + number, min(first, place)


def _extreme(which: Any, one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    found: Decimal = which(one, other)
    return found
