"""Hands every event to the subscribers that may see it."""

import asyncio
import logging
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice, takewhile
from math import inf
from typing import Any

import msgspec

from classpulse.events import Event, Scope
from classpulse.outage import Outage
from classpulse.publish.deadlines import Deadlines
from classpulse.publish.deaf import Deaf
from classpulse.publish.entry import Entry
from classpulse.publish.index import Index
from classpulse.publish.ring import Ring
from classpulse.publish.subscriber import Encode, Message, Subscriber
from classpulse.rights import Rights

logger = logging.getLogger(__name__)

# Of educators, each with the names of the tokens that are asked about.
Resolve = Callable[[Mapping[int, Collection[str]]], Awaitable[Mapping[int, Rights]]]

# Without an educator they are everybody's.
_CHANGES_OF_RIGHTS = frozenset({"scope_changed", "_token_revoked", "_rights_changed"})
# How long the rights of so many educators may take to be read before their streams are closed.
RESOLVE_SECONDS = 1.0
_RESOLVE_AT_ONCE = 100
# A subscriber that does not read gets nothing more once it has this part of its bound waiting.
BEHIND_PART = 4
# Seconds: so long events are handed out before others have their turn.
_AT_A_STRETCH = 0.005
# The loop writes what was handed to it afterwards, which takes several times as long.
_WAKES_AT_A_STRETCH = 250


class HubClosed(Exception):  # noqa: N818 (a state, not a fault)
    """The process is stopping: nobody is taken in any more."""


class Hub:
    """The subscribers of a process, and where it stands in the log.

    ``resolve`` reads what educators may see now and which tokens hold; the streams of those it
    leaves out are closed.
    ``position`` is the last event handed out: who is attached has everything up to it in the
    buffer.
    """

    def __init__(self, resolve: Resolve, *, ring: Ring | None = None) -> None:
        self.ring = ring or Ring()
        self.deadlines = Deadlines()
        self.deaf = Deaf()
        self.epoch = ""
        self.position = 0
        self.as_of_time = datetime.fromtimestamp(0, UTC)
        # grows when the log was replaced: what is being read of the old one is void
        self.generation = 0
        self.closing = False
        # told of subscribers that were detached because they read more slowly than they are sent;
        # without it they are closed at their bound
        self.falls_behind: Callable[[Subscriber], None] | None = None
        self._resolve = resolve
        self._index = Index()
        self._all: dict[Subscriber, None] = {}
        self._of: dict[int, dict[Subscriber, None]] = {}
        self._rescoped: dict[int, int] = {}
        self._all_rescoped = 0
        self._to_wake: list[Subscriber] = []
        self._outage = Outage(logger, "reading rights (those streams end)")
        # who asked for the overview, and is to get a whole one
        self.touched: set[Subscriber] = set()
        # told of every event that is handed out
        self.watch: Callable[[Event], None] = _unwatched

    def __len__(self) -> int:
        return len(self._all)

    @property
    def as_of(self) -> str:
        """The id of the last event handed out."""
        return f"{self.epoch}-{self.position}"

    def everybody(self) -> Iterable[Subscriber]:
        """All subscribers of now, also those that still catch up."""
        return list(self._all)

    @asynccontextmanager
    async def subscribe(
        self, subscriber: Subscriber, *, rights_as_of: int | None = None
    ) -> AsyncIterator[Subscriber]:
        """Take a subscriber in until the block ends; it gets nothing before :meth:`attach`.

        ``rights_as_of``: :attr:`position` before its rights were read; they are read again if
        they have changed since.
        """
        try:
            await self.enter(subscriber, rights_as_of=rights_as_of)
            yield subscriber
        finally:
            self.leave(subscriber)

    async def enter(self, subscriber: Subscriber, *, rights_as_of: int | None = None) -> None:
        """Take a subscriber in, as :meth:`subscribe` does, until :meth:`leave`."""
        if self.closing:
            raise HubClosed
        self._all[subscriber] = None
        self._of.setdefault(subscriber.educator_id, {})[subscriber] = None
        known = self.position if rights_as_of is None else rights_as_of
        changed = self._rescoped.get(subscriber.educator_id, 0)
        if max(changed, self._all_rescoped) > known:
            await self._rescope([subscriber])

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber; it need not be in."""
        self._all.pop(subscriber, None)
        theirs = self._of.get(subscriber.educator_id)
        if theirs is not None:
            theirs.pop(subscriber, None)
            if not theirs:
                del self._of[subscriber.educator_id]
        self.touched.discard(subscriber)
        self._detach(subscriber)

    def attach(self, subscriber: Subscriber, most_bytes: int) -> bool:
        """Give what came after ``subscriber.after`` and go on live, with nothing in between.

        ``False``: there is more than ``most_bytes``, of which a part was given (make room and
        call again), or the ring no longer reaches back so far (read the log).
        """
        if not self.ring.covers(subscriber.after):
            return False
        given = 0
        for entry in self.ring.since(subscriber.after):
            if given > most_bytes:
                return False
            frame = entry.frame_for(subscriber)
            subscriber.after = entry.event.position
            if frame is not None:
                subscriber.push(frame)
                given += len(frame)
        if subscriber.closed is None:
            subscriber.after = max(subscriber.after, self.position)
            subscriber.attached = True
            self._index.add(subscriber)
        return True

    async def dispatch(self, events: Sequence[Event]) -> None:
        """Hand out the next events of the log, in their order."""
        began = time.perf_counter()
        # rights are read once for changes that follow each other
        read_to = 0
        for number, event in enumerate(events):
            if time.perf_counter() - began > _AT_A_STRETCH:
                await self._wake_in_turns()
                began = time.perf_counter()
            if event.type in _CHANGES_OF_RIGHTS and event.position > read_to:
                # What was before may go out, what comes after waits for the new rights.
                await self._wake_in_turns()
                run = list(takewhile(_changes_rights, islice(events, number, None)))
                read_to = run[-1].position
                await self._change_rights(run)
            if not event.type.startswith("_"):
                try:
                    self._hand_out(Entry(event))
                except msgspec.MsgspecError:
                    # one event that is no JSON must not keep all others from everybody
                    logger.exception("the event at position %d can't be read", event.position)
            self.position = event.position
        await self._wake_in_turns()

    async def restart(self, epoch: str, position: int, reason: str) -> None:
        """The log was replaced: tell everybody, and go on from ``position`` of the new one."""
        self.epoch, self.position = epoch, position
        self.generation += 1
        self.ring.restart(position)
        for subscriber in self.everybody():
            subscriber.after = position
            if subscriber.greeted:
                tell_reset(subscriber, reason, self.as_of)
                subscriber.wake()
        # Whatever changed in rights meanwhile is not in this log.
        await self._rescope(self.everybody())

    def broadcast(self, type_: str, data: dict[str, Any]) -> None:
        """One control event to all who are live, with the id last passed."""
        as_of = self.as_of
        message = Message(type_, encoded({"type": type_, "id": as_of, **data}), as_of)
        frames: dict[Encode, bytes] = {}
        for subscriber in self.everybody():
            # Ahead of this process (their snapshot was newer): an older id would repeat events.
            if subscriber.attached and subscriber.after <= self.position:
                encode = subscriber.encode
                if encode not in frames:
                    frames[encode] = encode(message)
                self._push(subscriber, frames[encode])
        self._wake()

    def keep_open(self) -> None:
        """A sign that the socket is open, and no more: it proves nothing about the data."""
        for subscriber in self.everybody():
            if subscriber.attached and subscriber.keepalive:
                self._push(subscriber, subscriber.keepalive)
        self._wake()

    def close(self, reason: str, farewell: Callable[[Subscriber], bytes]) -> None:
        """End every stream, each with its last bytes, and take nobody in any more."""
        self.closing = True
        for subscriber in self.everybody():
            self._detach(subscriber)
            subscriber.close(reason, farewell(subscriber))

    def end(self, subscriber: Subscriber, reason: str, farewell: bytes = b"") -> None:
        """End one stream."""
        self._detach(subscriber)
        subscriber.close(reason, farewell)

    def _hand_out(self, entry: Entry) -> None:
        position = entry.event.position
        self.ring.append(entry)
        self.watch(entry.event)
        to_wake, behind = self._to_wake, list[Subscriber]()
        for seer, subscribers in self._index.candidates(entry.event):
            frame = entry.frame_for(seer)
            if frame is not None:
                for subscriber in subscribers:
                    if position > subscriber.after:
                        if not subscriber.buffer:
                            to_wake.append(subscriber)
                        subscriber.push(frame)
                        if subscriber.busy and subscriber.size > subscriber.bound // BEHIND_PART:
                            behind.append(subscriber)
        for subscriber in behind:
            self._let_fall_behind(subscriber, position)

    def _let_fall_behind(self, subscriber: Subscriber, position: int) -> None:
        """It was given everything up to ``position``; the rest it gets when it has taken that."""
        if self.falls_behind is not None and subscriber.closed is None:
            self._detach(subscriber)
            subscriber.after = position
            self.falls_behind(subscriber)

    def _push(self, subscriber: Subscriber, frame: bytes) -> None:
        if not subscriber.buffer:
            self._to_wake.append(subscriber)
        subscriber.push(frame)

    def _wake(self) -> None:
        to_wake, self._to_wake = self._to_wake, []
        self._wake_some(to_wake)

    def _wake_some(self, to_wake: list[Subscriber], first: int = 0) -> None:
        """The first of many at once; others have their turn before the rest."""
        after = first + _WAKES_AT_A_STRETCH
        for subscriber in to_wake[first:after]:
            self._wake_one(subscriber)
        if after < len(to_wake):
            asyncio.get_running_loop().call_soon(self._wake_some, to_wake, after)

    async def _wake_in_turns(self) -> None:
        """All of them, with a turn for others now and then: there may be thousands."""
        self.deaf.keep_within_budget()
        to_wake, self._to_wake = self._to_wake, []
        for first in range(0, len(to_wake), _WAKES_AT_A_STRETCH):
            if first:
                await asyncio.sleep(0)
            for subscriber in to_wake[first : first + _WAKES_AT_A_STRETCH]:
                if subscriber.closed is None and not subscriber.busy:
                    subscriber.wake()
                else:
                    self._wake_one(subscriber)

    def _wake_one(self, subscriber: Subscriber) -> None:
        if subscriber.closed is not None:
            self._detach(subscriber)
        elif not subscriber.busy:
            subscriber.wake()

    def _detach(self, subscriber: Subscriber) -> None:
        if subscriber.attached:
            subscriber.attached = False
            self._index.remove(subscriber)

    async def _change_rights(self, changes: Sequence[Event]) -> None:
        # Noted before the rights are read: a subscriber that comes meanwhile reads them again.
        educators: dict[int, None] = {}
        for change in changes:
            if change.educator_id is None:
                self._all_rescoped = change.position
            else:
                self._rescoped[change.educator_id] = change.position
                educators[change.educator_id] = None
        if any(change.educator_id is None for change in changes):
            await self._rescope(self.everybody())
        else:
            await self._rescope(chain.from_iterable(self._of.get(one, ()) for one in educators))

    async def _rescope(self, subscribers: Iterable[Subscriber]) -> None:
        by_educator: dict[int, list[Subscriber]] = {}
        for subscriber in subscribers:
            by_educator.setdefault(subscriber.educator_id, []).append(subscriber)
        concerned = list(by_educator)
        for start in range(0, len(concerned), _RESOLVE_AT_ONCE):
            some = concerned[start : start + _RESOLVE_AT_ONCE]
            found = await self._rights_of(
                {one: {each.bearer.jti for each in by_educator[one]} for one in some}
            )
            for educator_id in some:
                for subscriber in by_educator[educator_id]:
                    if found is None:
                        # unknown rights are none; their clients come back and are asked
                        self.end(subscriber, "unavailable")
                    else:
                        self._apply(found.get(educator_id), subscriber)

    async def _rights_of(
        self, tokens: Mapping[int, Collection[str]]
    ) -> Mapping[int, Rights] | None:
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self._resolve(tokens)
        except (OSError, TimeoutError) as error:
            self._outage.failed(error)
            return None
        except Exception:
            logger.exception("the rights of educators can't be read; their streams end")
            return None
        self._outage.over()
        return found

    def _apply(self, rights: Rights | None, subscriber: Subscriber) -> None:
        if rights is None:
            self.end(subscriber, "rights_ended")
        elif not rights.hold_for(subscriber.bearer):
            self.end(subscriber, "token_revoked")
        else:
            self._give_scope(subscriber, rights.scope)
            grace = rights.seconds_left(subscriber.bearer)
            if grace < inf:
                self.deadlines.after(grace, partial(self.end, subscriber, "token_revoked"))

    def _give_scope(self, subscriber: Subscriber, scope: Scope) -> None:
        if subscriber.attached:
            self._index.remove(subscriber)
        subscriber.rescope(scope)
        if subscriber.attached:
            self._index.add(subscriber)
            if subscriber.event_filter.overview:
                self.touched.add(subscriber)


def _changes_rights(event: Event) -> bool:
    return event.type in _CHANGES_OF_RIGHTS


def _unwatched(_: Event) -> None:
    pass


def encoded(data: dict[str, Any]) -> str:
    """JSON on one line."""
    return msgspec.json.encode(data).decode()


def tell(subscriber: Subscriber, type_: str, data: dict[str, Any], id_: str | None = None) -> None:
    """One control event to one subscriber; ``id_``: where it stands, for a resume."""
    known = {"type": type_} if id_ is None else {"type": type_, "id": id_}
    subscriber.push(subscriber.encode(Message(type_, encoded(known | data), id_)))


RESET_REASONS = {
    "malformed": "The id to resume from is not one of ours.",
    "epoch": "The database was restored or replaced since that id.",
    "ahead": "The id to resume from is ahead of the log: the database was rolled back.",
    "expired": "The events since that id are no longer kept.",
}


def tell_reset(subscriber: Subscriber, reason: str, goes_on_from: str) -> None:
    """What is shown must be fetched again; the stream goes on from this id."""
    tell(subscriber, "reset", {"reason": reason, "detail": RESET_REASONS[reason]}, goes_on_from)
