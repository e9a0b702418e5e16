"""A reader slower than its events is brought up at its own pace; a deaf one is let go."""

import asyncio

import asyncpg
import pytest
from event_log import EventLog, Reader, as_json, publishing, until

from classpulse.events import Scope
from classpulse.publish import stragglers
from classpulse.publish.publisher import Publisher
from classpulse.publish.resume import CATCH_UP_BYTES
from classpulse.publish.subscriber import Subscriber

Connection = asyncpg.Connection
ALL = Scope(everything=True)
BURST = """
with moved as (
    update classpulse.state set position = position + $1, as_of_time = clock_timestamp()
    returning epoch, position - $1 as before
)
insert into classpulse.events (position, at, type, event, school_id, section_ids, payload)
select
    before + n, clock_timestamp(), 'grade_update', 'grade_update', 1, '{1}',
    json_build_object(
        'id', epoch || '-' || before + n, 'position', before + n, 'type', 'grade_update',
        'filler', repeat('x', 3000)
    )::text
from moved, generate_series(1, $1::int) as n
"""


class Link:
    """A connection that takes so much at once and then not for a while."""

    def __init__(self, publisher: Publisher, bound: int) -> None:
        self.hub = publisher.hub
        self.subscriber = Subscriber(ALL, educator_id=1, encode=as_json, bound=bound)
        self.reader = Reader(self.subscriber)
        self.subscriber.wake = self.flush
        self.most = 0

    def flush(self) -> None:
        self.most = max(self.most, self.subscriber.size)
        if not self.subscriber.busy and self.subscriber.buffer:
            self.reader.frames += self.subscriber.take(16_000)
            self.subscriber.busy = True
            self.hub.deaf.add(self.subscriber)

    def read(self) -> None:
        """What was written has been read."""
        self.subscriber.busy = False
        self.hub.deaf.remove(self.subscriber)
        self.subscriber.mark_drained()
        self.flush()


async def joined(publisher: Publisher, bound: int = 200_000) -> Link:
    link = Link(publisher, bound)
    await publisher.hub.enter(link.subscriber)
    link.subscriber.after = publisher.position
    assert publisher.hub.attach(link.subscriber, CATCH_UP_BYTES)
    return link


async def burst(connection: Connection, events: int) -> None:
    await connection.execute(BURST, events)
    await connection.execute("notify classpulse_events")


@pytest.mark.parametrize("events", [400, 2500], ids=["in the ring", "beyond the ring"])
async def test_a_slow_link_gets_every_event_once_and_delays_nobody(
    database_url: str, connection: Connection, events: int
) -> None:
    async with publishing(database_url) as publisher:
        # what a slow one is given at once must fit as well
        slow, quick = await joined(publisher, 4 * CATCH_UP_BYTES), await joined(publisher)
        quick.flush = quick.subscriber.wake = quick.reader._take  # type: ignore[method-assign]
        await burst(connection, events)
        await until(lambda: len(quick.reader.frames) == events, 20)
        # it has hardly begun, and holds what came before it was seen to be slow
        assert slow.subscriber.closed is None
        assert len(slow.reader.frames) < 20
        assert slow.subscriber.size <= slow.subscriber.bound
        while len(slow.reader.frames) < events:
            slow.read()
            await asyncio.sleep(0)
            assert slow.subscriber.closed is None
        assert slow.reader.positions == quick.reader.positions
        assert slow.most <= slow.subscriber.bound
        await until(lambda: slow.subscriber.attached)
        assert len(publisher.stragglers) == 0
        slow.read()
        await burst(connection, 1)
        await until(lambda: len(slow.reader.frames) == events + 1)


async def test_one_that_takes_nothing_more_is_closed_and_resumes(
    database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stragglers, "DEAF_SECONDS", 0.2)
    monkeypatch.setattr(stragglers, "_LOOK_EVERY", 0.05)
    async with publishing(database_url) as publisher:
        deaf = await joined(publisher)
        await burst(connection, 300)
        await until(lambda: deaf.subscriber.closed == "slow")
        assert deaf.subscriber.buffer == []
        await until(lambda: len(publisher.stragglers) == 0)


async def test_one_that_leaves_meanwhile_leaves_nothing_behind(
    log: EventLog, database_url: str, connection: Connection
) -> None:
    async with publishing(database_url) as publisher:
        slow = await joined(publisher)
        await burst(connection, 300)
        await until(lambda: len(publisher.stragglers) == 1)
        publisher.hub.leave(slow.subscriber)
        publisher.stragglers.stop(slow.subscriber)
        assert len(publisher.stragglers) == 0
        assert len(publisher.hub) == 0


async def test_rights_that_end_meanwhile_end_it(
    log: EventLog, database_url: str, connection: Connection
) -> None:
    async with publishing(database_url, rights={1: None}) as publisher:
        slow = await joined(publisher)
        await burst(connection, 300)
        await until(lambda: len(publisher.stragglers) == 1)
        await log.write("scope_changed", sections=(), educator=1)
        await until(lambda: slow.subscriber.closed == "rights_ended")
        await until(lambda: len(publisher.stragglers) == 0)
