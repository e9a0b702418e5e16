"""Changes of names, terms, policies and rights: what must be fetched or resolved again."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from classpulse.project.change import Change, Row
from classpulse.project.event_row import EventRow
from classpulse.project.shortened import shown_name

#: what of a category figures go by
_RULE = ("weight", "drop_lowest", "drop_highest")
#: Tables that hold rows of figures: their truncation changes every section
FIGURE_TABLES = frozenset({"grades", "attendance", "enrollments", "exams", "students"})


@dataclass(slots=True)
class Structure:
    """What the changes of a batch ask for, by key."""

    #: all sections of these schools must be fetched again
    schools: set[int] = field(default_factory=set)
    subjects: set[int] = field(default_factory=set)
    sections: dict[int, int] = field(default_factory=dict)
    #: an id that was used before may bring another policy along
    new_sections: set[int] = field(default_factory=set)
    #: their sections must be calculated with another policy
    policy_schools: set[int] = field(default_factory=set)
    default_policy: bool = False
    policy_sections: set[int] = field(default_factory=set)
    #: by category, as JSON, what changed of it: its weight, or what is left out
    categories: dict[int, str] = field(default_factory=dict)
    #: which grades of an earlier section count in them may be decided otherwise now
    carrying_schools: set[int] = field(default_factory=set)
    #: rights to resolve again
    educators: set[int] = field(default_factory=set)
    #: a row of an educator is gone, or has another id
    educators_left: bool = False
    principals_of: set[int] = field(default_factory=set)
    every_educator: bool = False
    every_school: bool = False
    #: students of whom a support was opened, changed or closed; no figure and no right hangs on it
    supported: set[int] = field(default_factory=set)
    every_support: bool = False
    truncated: list[str] = field(default_factory=list)
    #: terms or a school's clock changed: which terms are current is looked up again, and which day
    #: it is
    turns_terms: bool = False
    #: their sections have another calendar, or their term has other dates
    calendar_schools: set[int] = field(default_factory=set)
    calendar_terms: set[int] = field(default_factory=set)
    every_calendar: bool = False
    at: datetime | None = None

    def __bool__(self) -> bool:
        return self.at is not None

    @property
    def has_calendar(self) -> bool:
        return bool(self.calendar_schools or self.calendar_terms or self.every_calendar)

    def calendar_arguments(self) -> tuple[list[int], list[int], bool]:
        """What the query ``mark_days`` takes, in its order."""
        return list(self.calendar_schools), list(self.calendar_terms), self.every_calendar


def structure_of(changes: Iterable[Change]) -> Structure:
    """Collect it from the changes alone."""
    found = Structure()
    for change in changes:
        if change.operation == "truncate":
            _truncation(found, change)
        elif change.operation != "bulk":
            _carrying(found, change)
            if _row(found, change):
                found.at = change.at
        if change.source in {"terms", "schools"}:
            found.turns_terms = True
    return found


def _truncation(found: Structure, change: Change) -> None:
    if change.source == "supports":
        found.every_support = True
        return
    found.at = change.at
    if change.source in FIGURE_TABLES:
        found.truncated.append(change.source)
    elif change.source == "grading_policies":
        found.truncated.append("policy")
    elif change.source in {"grade_categories", "grade_overrides"}:
        found.truncated.append("grading")
    elif change.source in {"section_educators", "educators", "sections"}:
        found.every_educator = True
        found.educators_left |= change.source == "educators"
    if change.source in {"sections", "terms", "subjects", "schools"}:
        found.every_school = True
    found.every_calendar |= change.source in {"school_days", "terms"}


def _carrying(found: Structure, change: Change) -> None:
    # a category may be of the name of another; a new section or term decides of nothing yet
    if change.source == "grade_categories" or (
        change.operation == "update"
        and change.source in {"sections", "terms"}
        and _differs(change, "term_id", "starts_on", "ends_on", "school_id")
    ):
        found.carrying_schools.update(row["school_id"] for row in change.rows)


def _row(found: Structure, change: Change) -> bool:
    rows = change.rows
    match change.source:
        case "sessions":
            found.educators.add(change.row["educator_id"])
        case "section_educators":
            found.educators.update(row["educator_id"] for row in rows)
        case "educators":
            if change.operation == "insert" or not _differs(
                change, "role", "is_active", "school_id"
            ):
                return False
            found.educators.update(row["id"] for row in rows)
            found.educators_left |= change.operation == "delete"
        case "sections":
            found.sections.update((row["id"], row["school_id"]) for row in reversed(rows))
            schools = {row["school_id"] for row in rows}
            if change.operation == "insert":
                found.new_sections.add(change.row["id"])
            if change.operation != "update" or len(schools) > 1:
                found.principals_of |= schools
            if len(schools) > 1:
                found.policy_schools |= schools
        case "subjects":
            if change.operation != "update":
                return False
            found.subjects.add(change.row["id"])
        case "terms":
            found.schools.update(row["school_id"] for row in rows)
            found.calendar_terms.add(change.row["id"])
        case "school_days":
            found.calendar_schools.update(row["school_id"] for row in rows)
            return False
        case "schools":
            if change.operation != "update":
                return False
            found.schools.add(change.row["id"])
        case "grading_policies":
            for row in rows:
                if row["section_id"] is not None:
                    found.policy_sections.add(row["section_id"])
                elif row["school_id"] is None:
                    found.default_policy = True
                else:
                    found.policy_schools.add(row["school_id"])
        case "grade_categories":
            if change.operation != "update":
                # what was in one that is gone is told by what it was
                return False
            found.categories[change.row["id"]] = _what_changed(change)
        case "supports":
            found.supported.update(row["student_id"] for row in rows)
            return False
        case _:
            return False
    return True


def _what_changed(change: Change) -> str:
    """Of a category, with the name by which people know it."""
    old, new = (_rule(row) for row in (change.old, change.new))
    changed = [column for column in _RULE if old.get(column) != new.get(column)]
    told = {"category_name": shown_name(change.row["name"]), "changed": changed}
    return json.dumps(told, ensure_ascii=False)


def _rule(row: Row | None) -> dict[str, str]:
    """Weight, where there is one, and drops: a change carries them as one text."""
    words = ((row or {}).get("rule") or "").split()
    return dict(zip(reversed(_RULE), reversed(words), strict=False))


def _differs(change: Change, *columns: str) -> bool:
    old, new = change.old or {}, change.new or {}
    return any(old.get(column) != new.get(column) for column in columns)


def figures_changed(
    sections: Collection[int], schools: dict[int, int], reason: str, at: datetime
) -> list[EventRow]:
    """One event a school that says which sections to fetch again."""
    by_school: dict[int | None, list[int]] = {}
    for section in sorted(sections):
        by_school.setdefault(schools.get(section), []).append(section)
    return [look_again(reason, mine, school, at) for school, mine in by_school.items()]


def look_again(
    reason: str, sections: list[int], school: int | None, at: datetime, **more: Any
) -> EventRow:
    """``figures_changed``: these sections of a school are to be fetched again, why, and what
    ``more`` is to be said of it. Of no section: whoever sees the whole school looks again."""
    body = {"reason": reason, "section_ids": sections, **more}
    return EventRow(
        at, "figures_changed", "figures_changed", body, school=school, sections=tuple(sections)
    )


def everybodys_rights_changed(at: datetime) -> EventRow:
    """The machinery's own: also of educators whose rows are gone, and whose streams are open."""
    return EventRow(at, "_rights_changed", "_rights_changed", {})


def scope_changed(educators: Iterable[int], at: datetime) -> list[EventRow]:
    """One event an educator whose rights may be others now."""
    return [
        EventRow(
            at,
            "scope_changed",
            "scope_changed",
            {"educator_id": educator},
            educator=educator,
        )
        for educator in sorted(educators)
    ]
