"""What the pipeline carries: an event of the log, and the sections that somebody may see."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

_ID = re.compile(r"([0-9A-Za-z]{1,40})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class EventId:
    """What clients know an event by: opaque to them, an epoch and a position to us."""

    epoch: str
    position: int

    @classmethod
    def parse(cls, text: str) -> "EventId | None":
        """An id as a client gives it back, or ``None`` for something else."""
        match = _ID.fullmatch(text)
        return None if match is None else cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.position}"


def one_line(json: str) -> str:
    """JSON that no client splits, whatever it takes for the end of a line.

    JSON escapes control characters itself, so what is left of ``str.splitlines`` is not ASCII.
    """
    if json.isascii():
        return json
    return (
        json.replace("\u0085", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token may see: whole sections, or everything.

    ``school_id`` is set for a principal: it adds the school's events that concern no section.
    """

    everything: bool = False
    school_id: int | None = None
    sections: frozenset[int] = field(default_factory=frozenset)

    def visible(self, section_ids: Iterable[int]) -> tuple[int, ...]:
        """Those of ``section_ids`` that this scope holds, in their order."""
        if self.everything:
            return tuple(section_ids)
        return tuple(section for section in section_ids if section in self.sections)


class Event(msgspec.Struct, frozen=True, gc=False):
    """One row of ``classpulse.events``.

    ``payload`` is the whole event as JSON text on one line. ``parts`` is set where the event
    concerns several sections: by section id (as text), a JSON object that only those who see the
    section may read. A type that starts with ``_`` is the machinery's own and never sent.

    What a row left when it moved is ``former``: its student, its subject, and those of
    ``section_ids`` that hold nothing of it any more.
    """

    position: int
    at: datetime
    type: str
    event: str
    school_id: int | None
    section_ids: tuple[int, ...]
    student_id: int | None
    subject_id: int | None
    educator_id: int | None
    payload: str
    parts: dict[str, msgspec.Raw] | None = None
    former_student_id: int | None = None
    former_subject_id: int | None = None
    former_section_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one committed batch of the projector appended to the log, handed over in its process.

    ``events`` are all of those after position ``after``, or none: then they are to be read.
    ``session``: the pid of the session that wrote and announces them.
    """

    session: int
    epoch: str
    after: int
    as_of_time: datetime
    events: Sequence[Event]
