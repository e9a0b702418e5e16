"""A row of the event log, before it has its number."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from classpulse.project.figures import spliced

_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=spliced).encode
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")

#: a row of the log, in the order of the query ``write_events``
Numbered = tuple[Any, ...]


@dataclass(slots=True)
class EventRow:
    """``body`` is what everybody reads who sees one of ``sections``; ``parts`` what only those
    read who see that section (of an event that concerns several). What a row left is ``former``:
    its student, its subject, and those of ``sections`` that hold nothing of it any more."""

    at: datetime
    type: str
    event: str
    body: dict[str, Any]
    school: int | None = None
    sections: tuple[int, ...] = ()
    parts: dict[int, dict[str, Any]] | None = None
    student: int | None = None
    subject: int | None = None
    educator: int | None = None
    former_student: int | None = None
    former_subject: int | None = None
    former_sections: tuple[int, ...] = ()

    def numbered(self, epoch: str, position: int) -> Numbered:
        """The row, in the order of the query ``write_events``."""
        head: dict[str, Any] = {"type": self.type, "event": self.event}
        body = self.body
        if "operation" in body:
            head["operation"] = body["operation"]
        head["id"] = f"{epoch}-{position}"
        head["position"] = position
        head["timestamp"] = self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        parts = None
        if self.parts is not None:
            parts = _encode({str(section): part for section, part in self.parts.items()}).decode()
        return (
            position,
            self.at,
            self.type,
            self.event,
            self.school,
            _array(self.sections),
            self.student,
            self.subject,
            self.educator,
            _encode(head | body).decode(),
            parts,
            self.former_student,
            self.former_subject,
            _array(self.former_sections) if self.former_sections else None,
        )


def ascii_json(row: Numbered) -> Numbered:
    """The same row for a database whose encoding lacks characters: they are escaped."""
    payload, parts = row[9:11]
    return (*row[:9], _escaped(payload), parts and _escaped(parts), *row[11:])


def _escaped(text: str) -> str:
    return _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _array(numbers: tuple[int, ...]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def spread(entry: EventRow, parts: dict[int, dict[str, Any]]) -> EventRow:
    """Put what each section's viewers read into the entry: into its body, if it is only one."""
    entry.sections = tuple(parts)
    if len(parts) == 1:
        (part,) = parts.values()
        entry.body |= part
    elif parts:
        entry.parts = parts
    return entry
