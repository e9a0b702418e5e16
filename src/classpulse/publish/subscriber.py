"""One who listens: what they may see, what they asked for, and what waits to be written."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from classpulse.events import Event, Scope
from classpulse.rights import Bearer

if TYPE_CHECKING:
    from classpulse.publish.index import Audience

# What one subscriber may have waiting before it counts as too slow.
BUFFER_BYTES = 1024 * 1024

OVERVIEW = "performance_update"
# These concern every subject and every student of their sections, whatever else they name.
_WIDE = frozenset({"bulk_update", "figures_changed"})
_EVERY_SUBJECT = _WIDE | {"roster_update"}


class Message(msgspec.Struct, frozen=True, gc=False):
    """What an encoder turns into bytes. ``data`` is JSON on one line; no ``id`` leaves it out."""

    type: str
    data: str
    id: str | None = None


Encode = Callable[[Message], bytes]


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What a subscriber asked for; ``None`` is everything of that kind.

    ``sections`` narrows the scope itself: an event of several sections is composed for those
    event_filter. An event that concerns every subject (every student) passes a filter on them.
    """

    types: frozenset[str] | None = None
    sections: frozenset[int] | None = None
    subjects: frozenset[int] | None = None
    students: frozenset[int] | None = None

    @property
    def overview(self) -> bool:
        """Whether the merged overview was asked for by name."""
        return self.types is not None and OVERVIEW in self.types

    @property
    def passes_all(self) -> bool:
        """Whether nothing is filtered but sections."""
        return self.types is None and self.subjects is None and self.students is None

    def matches(self, event: Event, visible: Scope) -> bool:
        """Whether what ``visible`` holds of an event was asked for.

        A row that moved is an event of what it came to and of what it left, each as far as its
        sections are visible.
        """
        if self.types is not None and event.type not in self.types:
            return False
        if self.subjects is None and self.students is None:
            return True
        shows_new, shows_old = _sides(event, visible)
        return (shows_new and self._names(event, event.student_id, event.subject_id)) or (
            shows_old
            and self._names(
                event,
                event.student_id if event.former_student_id is None else event.former_student_id,
                event.subject_id if event.former_subject_id is None else event.former_subject_id,
            )
        )

    def _names(self, event: Event, student_id: int | None, subject_id: int | None) -> bool:
        if (
            self.subjects is not None
            and subject_id not in self.subjects
            and not (subject_id is None and event.type in _EVERY_SUBJECT)
        ):
            return False
        return (
            self.students is None
            or student_id in self.students
            or (student_id is None and event.type in _WIDE)
        )

    def narrow(self, scope: Scope) -> Scope:
        """The scope as far as it was asked for."""
        if self.sections is None:
            return scope
        return Scope(sections=frozenset(scope.visible(self.sections)))


def _sides(event: Event, visible: Scope) -> tuple[bool, bool]:
    """Whether the side that a row came to is visible, and the one that it left (if it did)."""
    former = event.former_section_ids
    if former:
        seen = visible.visible(event.section_ids)
        return any(s not in former for s in seen), any(s in former for s in seen)
    return True, event.former_student_id is not None or event.former_subject_id is not None


class Seer(Protocol):
    """Whose eyes an event is seen with: one subscriber's, or those of all who see the same."""

    @property
    def educator_id(self) -> int | None:
        """Whose own events are among it."""

    @property
    def visible(self) -> Scope:
        """What may be seen of what was asked for."""

    @property
    def event_filter(self) -> EventFilter:
        """What was asked for."""

    @property
    def is_unfiltered(self) -> bool:
        """Whether nothing is filtered but sections."""

    @property
    def encode(self) -> Encode:
        """How it is put on the wire."""


EVERYTHING = EventFilter()
NO_TOKEN = Bearer("")


def _nothing() -> None:
    pass


class Subscriber:
    """A bounded buffer of ready bytes, and who it belongs to.

    ``wake`` is called when there is something to write or the subscriber was closed; it takes
    what is there with :meth:`take`. While ``busy`` (the peer does not read) the buffer fills;
    over ``bound`` bytes the subscriber is closed with the reason ``slow``.
    """

    __slots__ = (
        "_drained",
        "after",
        "attached",
        "audience",
        "bearer",
        "bound",
        "buffer",
        "busy",
        "closed",
        "educator_id",
        "encode",
        "event_filter",
        "farewell",
        "greeted",
        "is_unfiltered",
        "keepalive",
        "scope",
        "size",
        "visible",
        "wake",
    )

    def __init__(
        self,
        scope: Scope,
        *,
        educator_id: int,
        encode: Encode,
        event_filter: EventFilter = EVERYTHING,
        bearer: Bearer = NO_TOKEN,
        keepalive: bytes = b"",
        bound: int = BUFFER_BYTES,
    ) -> None:
        self.educator_id = educator_id
        self.bearer = bearer
        self.encode = encode
        self.event_filter = event_filter
        self.keepalive = keepalive
        self.bound = bound
        self.buffer: list[bytes] = []
        self.size = 0
        self.busy = False
        self.attached = False
        # while attached: those that see the same
        self.audience: Audience | None = None
        self.closed: str | None = None
        self.farewell = b""
        # everything up to here was given or is behind where they began
        self.after = 0
        self.greeted = False
        self.wake: Callable[[], None] = _nothing
        self._drained: asyncio.Future[None] | None = None
        self.rescope(scope)

    def rescope(self, scope: Scope) -> None:
        """Other rights from here on."""
        self.scope = scope
        self.visible = self.event_filter.narrow(scope)
        self.is_unfiltered = self.event_filter.passes_all

    def push(self, frame: bytes) -> None:
        """Append ready bytes; the caller wakes the subscriber when it has no more.

        Nothing after the close: what a slow reader did not get must not be jumped over by the id
        of a later frame.
        """
        if self.closed is not None:
            return
        self.buffer.append(frame)
        self.size += len(frame)
        if self.size > self.bound:
            if not self.busy:
                self.wake()
            if self.size > self.bound:
                self.close("slow")

    def take(self, most: int | None = None) -> list[bytes]:
        """What waits, in order: all of it, or the first frames up to ``most`` bytes (one at least).

        What is taken is copied for this one connection, what waits is everybody's.
        """
        if most is None or self.size <= most:
            taken, self.buffer, self.size = self.buffer, [], 0
            return taken
        count, size = 0, 0
        for frame in self.buffer:
            if count and size + len(frame) > most:
                break
            count, size = count + 1, size + len(frame)
        taken = self.buffer[:count]
        del self.buffer[:count]
        self.size -= size
        return taken

    def close(self, reason: str, farewell: bytes = b"") -> None:
        """No more events from now on. Too slow: what waits is dropped, a resume brings it back."""
        if self.closed is not None:
            return
        self.closed = reason
        self.farewell = farewell
        if reason == "slow":
            self.take()
        self.mark_drained()
        self.wake()

    def mark_drained(self) -> None:
        """The peer reads again, or is gone."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    async def wait_until_drained(self) -> None:
        """Wait until what was taken has been written; one waiter at most."""
        while self.busy and self.closed is None:
            self._drained = asyncio.get_running_loop().create_future()
            try:
                await self._drained
            finally:
                self._drained = None
