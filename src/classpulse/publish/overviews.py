"""``performance_update``: the overview of a stream's own scope, at the start and as it moves.

The first one is whole; what follows carries what changed since the one before to the same scope.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain

from classpulse.events import Event, Scope
from classpulse.outage import Outage
from classpulse.publish.hub import Hub
from classpulse.publish.reading import Asked, Reading
from classpulse.publish.scope_overview import ScopeOverview
from classpulse.publish.shared_connection import LOST
from classpulse.publish.subscriber import OVERVIEW, Encode, Message, Subscriber

logger = logging.getLogger(__name__)

# Seconds. Twice a second at most, however fast the figures move; less often while the database is
# away.
EVERY = 0.5
RETRY_EVERY = 2.0
# Who takes longer is waited for apart from the others.
QUICK = 2.0
# Who left while nothing happened is forgotten so often.
_SWEEP_EVERY = 20.0
# Readings at a time.
_AT_ONCE = 3
# A scope of more sections than this is looked at for every event, not filed under each.
_MANY_SECTIONS = 64

Whole = Callable[[Scope], Awaitable[Reading]]
Difference = Callable[[Scope, Asked], Awaitable[Reading | None]]


class Overviews:
    """Reads each distinct scope once, for all who look at it.

    ``whole`` reads an overview; ``difference`` what is asked for of it, ``None`` where that is
    nothing of the overview.
    """

    def __init__(
        self, hub: Hub, whole: Whole | None = None, difference: Difference | None = None
    ) -> None:
        self._hub = hub
        self._whole = whole
        self._difference = difference
        self._outage = Outage(logger, "reading overviews")
        self._scopes: dict[Scope, ScopeOverview] = {}
        self._wide: dict[ScopeOverview, None] = {}
        self._by_section: dict[int, dict[ScopeOverview, None]] = {}
        self._failing: set[ScopeOverview] = set()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._turns_of_slow = asyncio.Semaphore(1)
        self._sweep_at = 0.0
        hub.watch = self._hear

    def ask(self, subscriber: Subscriber) -> None:
        """Send it a whole overview soon: it has just begun."""
        if subscriber.event_filter.overview:
            self._hub.touched.add(subscriber)

    async def run(self) -> None:
        """Send what moved, forever."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await asyncio.sleep(EVERY)
                if self._whole is None:
                    continue
                self._seat_newcomers()
                now = asyncio.get_running_loop().time()
                sweeps = now >= self._sweep_at
                if sweeps:
                    self._sweep_at = now + _SWEEP_EVERY
                for one in list(self._scopes.values()):
                    if one.is_running or not (sweeps or one.is_due):
                        continue
                    if not one.drop_gone():
                        self._remove(one)
                    elif one.is_due and one.not_before <= now:
                        one.is_running = True
                        tasks.create_task(self._send(one))

    def _hear(self, event: Event) -> None:
        if event.educator_id is not None or not self._scopes:
            return
        for one in self._concerned(event):
            one.hear(event)

    def _concerned(self, event: Event) -> Iterable[ScopeOverview]:
        sections = event.section_ids
        if len(sections) == 1:
            return chain(self._wide, self._by_section.get(sections[0], ()))
        some: dict[ScopeOverview, None] = {}
        for section in sections:
            some.update(self._by_section.get(section, {}))
        return chain(self._wide, some)

    def _seat_newcomers(self) -> None:
        newcomers, self._hub.touched = self._hub.touched, set()
        for subscriber in newcomers:
            if subscriber.closed is None:
                visible = subscriber.visible
                one = self._scopes.get(visible) or self._add(ScopeOverview(visible))
                # with other rights than before it is in step with nobody
                one.readers.pop(subscriber, None)
                one.waiting[subscriber] = visible

    def _add(self, one: ScopeOverview) -> ScopeOverview:
        self._scopes[one.scope] = one
        if _is_wide(one.scope):
            self._wide[one] = None
        else:
            for section in one.scope.sections:
                self._by_section.setdefault(section, {})[one] = None
        return one

    def _remove(self, one: ScopeOverview) -> None:
        del self._scopes[one.scope]
        self._failing.discard(one)
        self._wide.pop(one, None)
        if not _is_wide(one.scope):
            for section in one.scope.sections:
                filed = self._by_section[section]
                del filed[one]
                if not filed:
                    del self._by_section[section]

    async def _send(self, one: ScopeOverview) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with self._turns_of_slow if one.is_slow else self._turns:
                began = clock()
                async with asyncio.timeout(None if one.is_slow else QUICK):
                    await self._read_and_send(one)
        except LOST as error:
            self._outage.failed(error)
            self._failing.add(one)
            one.is_slow = True
            one.not_before = clock() + RETRY_EVERY
        except Exception:
            # It comes from elsewhere and must not end the publishing; a change asks again.
            if not one.is_faulty:
                logger.exception("an overview can't be read")
            one.is_faulty = one.is_slow = True
            one.not_before = clock() + RETRY_EVERY
        else:
            one.is_faulty = False
            one.is_slow = clock() - began > QUICK / 2
            one.not_before = began + EVERY * 0.9
            self._failing.discard(one)
            if not self._failing:
                self._outage.over()
        finally:
            one.is_running = False

    async def _read_and_send(self, one: ScopeOverview) -> None:
        if self._difference is not None and (asked := one.ask()) is not None:
            try:
                reading = await self._difference(one.scope, asked)
            except BaseException:
                one.start_over()
                raise
            data = None if reading is None else one.difference(reading, asked)
            if data is not None:
                self._give(one, data, one.readers)
        if self._whole is not None and any(not reader.busy for reader in one.waiting):
            one.begin_whole()
            data = one.whole(await self._whole(one.scope))
            waiting, one.waiting = one.waiting, {}
            one.readers |= waiting
            self._give(one, data, waiting)

    def _give(self, one: ScopeOverview, data: str, readers: dict[Subscriber, Scope]) -> None:
        frames: dict[Encode, bytes] = {}
        for subscriber, visible in list(readers.items()):
            # rights may have changed while the figures were read
            if subscriber.closed is not None or subscriber.visible != visible:
                one.readers.pop(subscriber, None)
            elif subscriber.busy:
                # instead of one after the other it gets a whole one when it reads again
                one.readers.pop(subscriber, None)
                one.waiting[subscriber] = visible
            else:
                encode = subscriber.encode
                if encode not in frames:
                    frames[encode] = encode(Message(OVERVIEW, data))
                subscriber.push(frames[encode])
                subscriber.wake()


def _is_wide(scope: Scope) -> bool:
    return scope.everything or len(scope.sections) > _MANY_SECTIONS
