"""Events grouped by student and section: the first old value of each row and its last new one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

Place = tuple[int | None, int | None]
#: a section's own changes have no student; what concerns many sections at once has neither
EVERYWHERE: Place = (None, None)

#: of the sections of a change that concerns many, so many are named
_MOST_IDS = 100
_FIGURES = {
    "average": "average_score",
    "letter": "letter",
    "attendance_percentage": "attendance_percentage",
    "missing_count": "missing_count",
}
_ROSTER = {"student_joined": "joined", "student_left": "left", "student_moved": "moved"}
_EXAMS = {"exam_created": "created", "exam_updated": "changed", "exam_deleted": "deleted"}


class Performance(msgspec.Struct, gc=False):
    """Of the figures of an event those of its student, and of the one whom a row left."""

    student: dict[str, Any] | None = None
    previous: dict[str, Any] | None = None


class Told(msgspec.Struct):
    """An event, or the part of it that is about a further section."""

    type: str = ""
    event: str = ""
    timestamp: str = ""
    operation: str | None = None
    reason: str | None = None
    section_ids: list[int] = []
    to_section_ids: list[int] = []
    grade_data: dict[str, Any] | None = None
    attendance_data: dict[str, Any] | None = None
    exam_data: dict[str, Any] | None = None
    roster_data: dict[str, Any] | None = None
    bulk_data: dict[str, Any] | None = None
    performance_data: Performance | None = None
    also: list["Told"] = []

    @property
    def row(self) -> dict[str, Any]:
        """What it is about; nothing where it only says where to look again."""
        rows = (
            self.grade_data,
            self.attendance_data,
            self.exam_data,
            self.roster_data,
            self.bulk_data,
        )
        return next((row for row in rows if row is not None), {})

    @property
    def moves_figures(self) -> bool:
        """Whether figures may be others now where it says to look again."""
        return self.reason != "support"

    @property
    def place(self) -> Place:
        """The student and the section that it is about."""
        if self.type == "figures_changed":
            return (None, self.section_ids[0]) if len(self.section_ids) == 1 else EVERYWHERE
        return self.row.get("student_id"), self.row.get("section_id")


_decode = msgspec.json.Decoder(Told, float_hook=Decimal).decode


def read_told(payload: bytes | msgspec.Raw) -> Iterator[Told]:
    """An event as somebody's stream shows it, each section's part for itself."""
    whole = _decode(payload)
    yield whole
    for part in whole.also:
        part.type, part.timestamp = whole.type, whole.timestamp
        part.event = part.event or whole.event
        part.to_section_ids = whole.to_section_ids
        part.operation = part.operation or whole.operation
        yield part


def figures_in(told: Told) -> dict[str, Any] | None:
    """What an event tells of the standing that it is about."""
    return _figures(told.performance_data.student if told.performance_data else None)


def _figures(standing: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if standing is None else {name: standing.get(f) for name, f in _FIGURES.items()}


@dataclass(slots=True)
class Group:
    """What happened to a student in a section, to a section, or to many at once."""

    student_id: int | None
    section_id: int | None
    student_name: str | None = None
    section_name: str | None = None
    first_at: str = ""
    last_at: str = ""
    changes: int = 0
    grades: dict[int, dict[str, Any]] = field(default_factory=dict)
    attendance: dict[int, dict[str, Any]] = field(default_factory=dict)
    exams: dict[int, dict[str, Any]] = field(default_factory=dict)
    bulk: dict[str, dict[str, Any]] = field(default_factory=dict)
    refetch: dict[str, dict[str, Any]] = field(default_factory=dict)
    roster: list[str] = field(default_factory=list)
    figures: dict[str, Any] | None = None
    #: at which of the events the figures were told
    known_at: int = 0

    def count(self, told: Told) -> None:
        """One more change, and what is known of names and figures since."""
        self.first_at = self.first_at or told.timestamp
        self.last_at = told.timestamp
        self.changes += 1
        row = told.row
        self.student_name = row.get("student_name") or self.student_name
        self.section_name = row.get("section_name") or self.section_name
        if self.student_id is not None:
            self.figures = figures_in(told)

    def item(
        self,
        names: Mapping[tuple[str, int], str],
        before: Mapping[Any, Any],
        now: Mapping[Any, Any] | None,
    ) -> dict[str, Any]:
        """As the list shows it. ``before``: figures of standings before all of this, as far as they
        are known; ``now`` those of this moment, where this is what happened last."""
        key = self.student_id, self.section_id
        return {
            "student_id": self.student_id,
            "student_name": names.get(("student", self.student_id or 0), self.student_name),
            "section_id": self.section_id,
            "section_name": names.get(("section", self.section_id or 0), self.section_name),
            "first_at": self.first_at,
            "last_at": self.last_at,
            "changes": self.changes,
            "figures": None
            if self.student_id is None
            else {
                "old": before.get(key),
                "new": self.figures if now is None else now.get(key),
            },
            "grades": list(self.grades.values()),
            "attendance": list(self.attendance.values()),
            "roster": self.roster,
            "exams": list(self.exams.values()),
            "bulk": list(self.bulk.values()),
            "refetch": [
                {
                    **one,
                    "section_ids": sorted(one["section_ids"])[:_MOST_IDS],
                    "sections": len(one["section_ids"]),
                }
                for one in self.refetch.values()
            ],
        }


class Groups:
    """Of events that come in the log's order."""

    def __init__(self, events: Iterable[Told]) -> None:
        self._groups: dict[Place, Group] = {}
        self._count = 0
        #: where in a section something moved figures and told no standing
        self._untold: dict[int, int] = {}
        for self._count, told in enumerate(events, 1):
            self._add(told)
        for group in self._groups.values():
            if group.known_at < self._untold.get(group.section_id or 0, 0):
                group.figures = None

    @property
    def in_order(self) -> list[Group]:
        """What concerns many sections first, then section by section: its own changes, then its
        students'. The same events always make the same list."""
        return sorted(
            self._groups.values(), key=lambda group: (group.section_id or 0, group.student_id or 0)
        )

    def _at(self, place: Place) -> Group:
        return self._groups.setdefault(place, Group(*place))

    def _add(self, told: Told) -> None:
        group = self._at(told.place)
        group.count(told)
        group.known_at = self._count
        if told.type == "bulk_update" or (told.type == "figures_changed" and told.moves_figures):
            row = told.row.get("section_id")
            for section in told.section_ids if row is None else (row,):
                self._untold[section] = self._count
        if told.grade_data is not None:
            _grade(group, told, told.grade_data)
            self._left(told, told.grade_data, "grades")
        elif told.attendance_data is not None:
            _attendance(group, told, told.attendance_data)
            self._left(told, told.attendance_data, "attendance")
        elif told.exam_data is not None:
            _exam(group, told, told.exam_data)
        elif told.roster_data is not None:
            _roster(group, told)
        elif told.bulk_data is not None:
            _bulk(group, told.bulk_data)
        else:
            _refetch(group, told)

    def _left(self, told: Told, row: dict[str, Any], kind: str) -> None:
        """Of a row that went to somebody else, what it was for the student that it left."""
        former = row.get("previous_student_id")
        if former is None:
            return
        here = self._at((former, row.get("section_id")))
        here.first_at = here.first_at or told.timestamp
        here.last_at = told.timestamp
        here.changes += 1
        here.section_name = row.get("section_name") or here.section_name
        previous = (told.performance_data and told.performance_data.previous) or {}
        student = previous.get("student")
        here.student_name = (student or {}).get("name") or here.student_name
        here.figures = _figures(student)
        here.known_at = self._count
        gone = msgspec.structs.replace(told, operation="delete")
        (_grade if kind == "grades" else _attendance)(here, gone, row)


def _grade(group: Group, told: Told, row: dict[str, Any]) -> None:
    one = group.grades.get(row["grade_id"])
    if one is None:
        one = group.grades[row["grade_id"]] = {"grade_id": row["grade_id"], "changes": 0}
        one["old"] = (
            None
            if told.operation == "insert"
            else {"status": row.get("previous_status"), "score": row.get("previous_score")}
        )
    one |= {
        name: row.get(name)
        for name in ("subject_id", "subject_name", "exam_id", "exam_name", "total_marks")
    }
    one["new"] = (
        None
        if told.operation == "delete"
        else {name: row.get(name) for name in ("status", "score", "percentage", "letter")}
    )
    one["changes"] += 1


def _attendance(group: Group, told: Told, row: dict[str, Any]) -> None:
    key = row["attendance_id"]
    one = group.attendance.get(key)
    if one is None:
        one = group.attendance[key] = {"attendance_id": key, "changes": 0}
        one["old"] = None if told.operation == "insert" else row.get("previous_status")
    one |= {name: row.get(name) for name in ("date", "period", "whole_day")}
    one["new"] = None if told.operation == "delete" else row.get("status")
    one["changes"] += 1


def _exam(group: Group, told: Told, row: dict[str, Any]) -> None:
    one = group.exams.setdefault(
        row["exam_id"], {"exam_id": row["exam_id"], "what": _EXAMS.get(told.type), "changes": 0}
    )
    one |= {name: row.get(name) for name in ("exam_name", "subject_id", "subject_name")}
    if told.operation == "delete" or told.type == "exam_deleted":
        one["what"] = "deleted"
    one["changes"] += 1


def _roster(group: Group, told: Told) -> None:
    what = _ROSTER.get(told.event, "changed")
    if what == "moved":
        what = "joined" if group.section_id in told.to_section_ids else "left"
    if group.roster[-1:] != [what]:
        group.roster.append(what)


def _bulk(group: Group, row: dict[str, Any]) -> None:
    one = group.bulk.setdefault(row["table"], {"table": row["table"], "rows": 0, "changes": 0})
    known = one["rows"] is not None and row.get("rows") is not None
    # of a table that was emptied nobody counted the rows
    one["rows"] = one["rows"] + row["rows"] if known else None
    one["changes"] += 1


def _refetch(group: Group, told: Told) -> None:
    reason = told.reason or told.type
    one = group.refetch.setdefault(reason, {"reason": reason, "section_ids": set(), "changes": 0})
    one["section_ids"].update(told.section_ids)
    one["changes"] += 1
