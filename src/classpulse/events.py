"""What the pipeline carries: an event of the log, and the sections that somebody may see."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec


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
