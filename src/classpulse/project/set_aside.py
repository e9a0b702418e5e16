"""The sections that are set aside: their figures can't be calculated or told, and wait."""

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

from classpulse.project.event_row import EventRow, spread
from classpulse.sql import queries

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

SQL = queries("project")
log = logging.getLogger(__name__)

REASON_CHARACTERS = 300


class Aside:
    """``sections`` are left out of a batch; ``due`` ones are tried again in it."""

    def __init__(self, connection: "Connection", sections: Collection[int]) -> None:
        self._connection = connection
        self.sections = set(sections)
        self.due: set[int] = set()
        #: set aside for the first time, in this batch
        self.new: set[int] = set()

    async def take_due(self) -> None:
        """Those whose time has come count as well again, until they fail."""
        records = await self._connection.fetch(SQL["due_sections"])
        self.due = {record["section_id"] for record in records}
        self.sections -= self.due

    async def add(self, section: int, error: Exception) -> None:
        """Set one aside, for longer each time. The log says it once."""
        reason = described(error)
        self.sections.add(section)
        self.due.discard(section)
        tries = await self._connection.fetchval(SQL["set_aside"], section, reason)
        if tries == 1:
            self.new.add(section)
            log.warning("section %s is set aside, all others go on: %s", section, reason)
        else:
            log.debug("section %s stays set aside: %s", section, reason)

    async def restore(self) -> None:
        """What was tried again and did not fail is current again."""
        if self.due:
            await self._connection.execute(SQL["restore_sections"], list(self.due))
            log.warning("set aside no longer, sections: %s", sorted(self.due))

    def left_out_of(self, entries: list[EventRow]) -> list[EventRow]:
        """The entries without what they tell of sections that are set aside."""
        if not self.sections:
            return entries
        return [entry for entry in entries if self._leave_out_of(entry)]

    def _leave_out_of(self, entry: EventRow) -> bool:
        """Returns whether anything is left of it."""
        if self.sections.isdisjoint(entry.sections):
            return True
        parts = {
            section: part
            for section, part in (entry.parts or {}).items()
            if section not in self.sections
        }
        entry.parts = None
        entry.former_sections = tuple(s for s in entry.former_sections if s in parts)
        if parts:
            spread(entry, parts)
        return bool(parts)


def described(error: Exception) -> str:
    """What happened, on one short line that every database can hold."""
    said = " ".join(str(error.args[0] if error.args else error).split())
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    text = text.encode("ascii", "backslashreplace").decode().replace("\0", "")
    return text if len(text) <= REASON_CHARACTERS else text[: REASON_CHARACTERS - 3] + "..."
