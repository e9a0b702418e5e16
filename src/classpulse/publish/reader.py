"""Reading the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import asyncpg
import msgspec

from classpulse.events import Event, Scope
from classpulse.sql import queries

_SQL = queries("publish")
PAGE_EVENTS = 200
# How many events one replay query may look through, where it can't look up those of the scope.
REPLAY_STRETCH = 1000
# In so many sections, what is theirs is looked up by section; with more the log is read as it lies.
FEW_SECTIONS = 100
# An answer that takes longer is a connection that is lost.
QUERY_SECONDS = 4.0

_decode_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Page:
    """The next events after a position, and where the log stood in the same snapshot."""

    epoch: str
    log_position: int
    as_of_time: datetime
    now: datetime
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Replay:
    """Kept events for one scope; from position ``oldest`` on they are kept.

    ``read_to``: nothing for this scope is missing up to here.
    """

    epoch: str
    oldest: int
    read_to: int
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the log begins and ends: from position ``oldest`` on events are kept."""

    epoch: str
    oldest: int
    newest: int

    @property
    def start(self) -> int:
        """Everything after this position is kept."""
        return self.oldest - 1


async def read_events(connection: Connection, after: int, limit: int = PAGE_EVENTS) -> Page:
    """The next events after a position."""
    rows = await connection.fetch(_SQL["read_events"], after, limit, timeout=QUERY_SECONDS)
    first = rows[0]
    return Page(
        first["epoch"], first["log_position"], first["as_of_time"], first["now"], _events(rows)
    )


async def recent_events(connection: Connection, position: int, limit: int) -> list[Event]:
    """The last events up to a position."""
    rows = await connection.fetch(_SQL["recent_events"], position, limit, timeout=QUERY_SECONDS)
    return _events(rows)


async def log_ends(connection: Connection) -> Ends:
    """Where the log begins and ends now."""
    row = (await connection.fetch(_SQL["log_ends"], timeout=QUERY_SECONDS))[0]
    return Ends(row["epoch"], row["oldest"], row["log_position"])


async def replay_events(
    connection: Connection, after: int, up_to: int, scope: Scope, educator_id: int
) -> Replay:
    """A page of the kept events that a scope may see."""
    theirs = (list(scope.sections), scope.school_id, educator_id, PAGE_EVENTS)
    arguments: tuple[object, ...] = theirs
    if not is_of_few(scope):
        arguments = (scope.everything, *theirs, REPLAY_STRETCH)
    rows = await connection.fetch(
        _SQL["replay_of_sections" if is_of_few(scope) else "replay_events"],
        after,
        up_to,
        *arguments,
        timeout=QUERY_SECONDS * 2,
    )
    events, looked_to = _events(rows), rows[0]["looked_to"]
    read_to = events[-1].position if len(events) == PAGE_EVENTS else looked_to or up_to
    return Replay(rows[0]["epoch"], rows[0]["oldest"], read_to, events)


def is_of_few(scope: Scope) -> bool:
    """Whether what a scope may see is looked up by section."""
    return not scope.everything and len(scope.sections) <= FEW_SECTIONS


def _events(rows: Sequence[asyncpg.Record]) -> list[Event]:
    return [_event(row) for row in rows if row["position"] is not None]


def _event(row: asyncpg.Record) -> Event:
    parts = row["parts"]
    return Event(
        position=row["position"],
        at=row["at"],
        type=row["type"],
        event=row["event"],
        school_id=row["school_id"],
        section_ids=tuple(row["section_ids"]),
        student_id=row["student_id"],
        subject_id=row["subject_id"],
        educator_id=row["educator_id"],
        payload=row["payload"],
        parts=None if parts is None else _decode_parts(parts),
        former_student_id=row["former_student_id"],
        former_subject_id=row["former_subject_id"],
        former_section_ids=tuple(row["former_section_ids"] or ()),
    )
