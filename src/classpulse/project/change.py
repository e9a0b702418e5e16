"""A captured change, as the triggers appended it."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One changed row (``old``, ``new``), or a bulk change of a section, or a truncation.

    A bulk change without a section concerns the whole day of ``student_ids``, a student for each
    of its rows.
    """

    id: int
    at: datetime
    source: str
    operation: str
    old: Row | None = None
    new: Row | None = None
    section_id: int | None = None
    student_ids: tuple[int, ...] = ()
    row_count: int = 0
    #: the transaction that made it
    xid: int = 0

    @classmethod
    def from_record(cls, record: Any) -> "Change":
        """Decode a row of ``classpulse.changes``."""
        return cls(
            id=record["id"],
            at=record["at"],
            source=record["source"],
            operation=record["operation"],
            old=None if record["old"] is None else decoded(record["old"]),
            new=None if record["new"] is None else decoded(record["new"]),
            section_id=record["section_id"],
            student_ids=tuple(record["student_ids"] or ()),
            row_count=record["row_count"] or 0,
            xid=record["xid"],
        )

    @property
    def row(self) -> Row:
        """The row as it is now, or as it was last."""
        row = self.new if self.new is not None else self.old
        assert row is not None, "a bulk change has no row"
        return row

    @property
    def rows(self) -> tuple[Row, ...]:
        """Both sides, the new one first."""
        return tuple(row for row in (self.new, self.old) if row is not None)


def decoded(text: str) -> Row:
    """A row as JSON, its numbers exact."""
    try:
        return _decode(text)
    except msgspec.MsgspecError:
        # a number in a column of the school's own that fits no machine word
        row: Row = json.loads(text, parse_float=Decimal, parse_int=_whole)
        return row


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) < 19 else Decimal(digits)
