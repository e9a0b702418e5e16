"""What a batch has to say beside the changes that it tells one by one."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from classpulse.project.change import Change
from classpulse.project.event_row import EventRow
from classpulse.project.events import bulk_entry
from classpulse.project.figures import Figures
from classpulse.project.rights_touched import figures_changed

#: reasons of a stale section that ask for a new look; any other names a truncated table
_LOOK_AGAIN = frozenset({"policy", "grading", "structure", "restored", "calendar"})


def with_section(change: Change) -> list[dict[str, Any]]:
    """Its rows that belong to a section."""
    return [row for row in change.rows if isinstance(row.get("section_id"), int)]


def machinery(change: Change) -> list[EventRow]:
    """The pipeline's own events: never sent to anybody."""
    if change.new is None:
        return []
    row: dict[str, Any] = change.new
    match change.source:
        case "canaries":
            return [
                EventRow(
                    change.at,
                    "_canary",
                    "_canary",
                    {"process": row["process"], "beat": row["beat"]},
                )
            ]
        case "revoked_tokens":
            return [
                EventRow(
                    change.at,
                    "_token_revoked",
                    "_token_revoked",
                    {"jti": row["jti"]},
                    educator=row["educator_id"],
                )
            ]
    return []


def of_stale_sections(
    stale: Mapping[int, Collection[str]], figures: Figures, now: datetime
) -> list[EventRow]:
    """A truncated table is a bulk change of the section; a policy asks for a new look."""
    entries: list[EventRow] = []
    look_again: dict[str, list[int]] = {}
    for section, reasons in stale.items():
        for reason in sorted(reasons):
            if reason in _LOOK_AGAIN:
                look_again.setdefault(reason, []).append(section)
            else:
                change = Change(id=0, at=now, source=reason, operation="bulk", section_id=section)
                entries.append(bulk_entry(change, section, None, figures))
    for reason, sections in look_again.items():
        entries += figures_changed(sections, figures.schools, reason, now)
    return entries


def sections_not_told(changed: list[tuple[int | None, int]], entries: list[EventRow]) -> set[int]:
    """Sections of which something changed that no event tells."""
    told = {section for entry in entries for section in entry.sections}
    whole = {
        section for entry in entries if entry.type == "bulk_update" for section in entry.sections
    }
    pairs = {pair for entry in entries for pair in _standings_told(entry)}
    return {
        section
        for student, section in changed
        if section not in whole
        and (section not in told if student is None else (student, section) not in pairs)
    }


def _standings_told(entry: EventRow) -> Iterator[tuple[int | None, int]]:
    former = entry.student if entry.former_student is None else entry.former_student
    for section in entry.sections:
        if section in entry.former_sections:
            yield former, section
            continue
        yield entry.student, section
        if not entry.former_sections:
            yield former, section
