"""The projector of the same process hands over what it committed: sooner, and never otherwise."""

import asyncio
import random
from typing import Any

import asyncpg
import pytest
from event_log import EventLog, publishing, reading, until

from classpulse.events import Batch, Scope
from classpulse.publish import publisher as publisher_module
from classpulse.publish.publisher import Publisher
from classpulse.publish.reader import read_events

ALL = Scope(everything=True)
# of no session that exists
SESSION = 0
Connection = asyncpg.Connection


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions after which the log was read on."""
    after: list[int] = []
    real = publisher_module.read_events

    async def counted(connection: Any, position: int, *limit: int) -> Any:
        after.append(position)
        return await real(connection, position, *limit)

    monkeypatch.setattr(publisher_module, "read_events", counted)
    return after


async def batch_after(connection: Connection, after: int, session: int = SESSION) -> Batch:
    """All that is in the log after a position, as the projector would offer it."""
    page = await read_events(connection, after, 1000)
    return Batch(session, page.epoch, after, page.as_of_time, page.events)


async def test_what_goes_on_where_the_hub_stands_is_handed_out_without_a_read(
    database_url: str, log: EventLog, connection: Connection, reads: list[int]
) -> None:
    log.notify = False
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        await asyncio.sleep(0.1)
        del reads[:]
        for number in range(1, 6):
            await log.write()
            batch = await batch_after(connection, number - 1)
            pub.offer(batch)
            await until(lambda n=number: reader.positions == list(range(1, n + 1)), 1)
            assert pub.hub.as_of_time == batch.as_of_time
        assert pub.status().caught_up
        assert reads == []


async def test_a_notification_of_what_was_handed_over_costs_no_read(
    database_url: str,
    log: EventLog,
    connection: Connection,
    reads: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # an offer made by this test takes longer than the projector's
    monkeypatch.setattr(publisher_module, "OFFER_GRACE", 0.1)
    session = connection.get_server_pid()
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        await asyncio.sleep(0.1)
        # from now on its notifications wait a moment for its offers
        pub.offer(Batch(session, pub.hub.epoch, 0, pub.hub.as_of_time, ()))
        await asyncio.sleep(0.1)
        del reads[:]
        for number in range(1, 21):
            await log.write()
            pub.offer(await batch_after(connection, number - 1, session))
        await until(lambda: reader.positions == list(range(1, 21)))
        await asyncio.sleep(0.1)
        # the slow poll's
        assert len(reads) <= 2
        await log.write()
        await until(lambda: reader.positions[-1] == 21, 1)


@pytest.mark.parametrize("how", ["gap", "again", "other epoch", "nothing"])
async def test_anything_else_is_read_from_the_log(
    database_url: str, log: EventLog, connection: Connection, how: str
) -> None:
    log.notify = False
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        await log.write()
        first = await batch_after(connection, 0)
        pub.offer(first)
        await until(lambda: reader.positions == [1], 1)
        await log.many(2)
        after = {"gap": 2, "again": 0}.get(how, 1)
        batch = await batch_after(connection, after)
        if how == "other epoch":
            batch = Batch(SESSION, "other", batch.after, batch.as_of_time, batch.events)
        if how == "nothing":
            batch = Batch(SESSION, batch.epoch, batch.after, batch.as_of_time, ())
        pub.offer(batch)
        await until(lambda: reader.positions == [1, 2, 3], publisher_module.SLOW_POLL / 2)
        assert "reset" not in reader.types()


async def test_offers_of_a_new_epoch_wait_for_the_log_to_be_read(
    database_url: str, log: EventLog, connection: Connection
) -> None:
    log.notify = False
    async with publishing(database_url, {1: ALL}) as pub, reading(pub, ALL) as reader:
        await log.write()
        await until(lambda: reader.positions == [1])
        await connection.execute("update classpulse.state set epoch = 'other'")
        await log.write()
        pub.offer(await batch_after(connection, 1))
        await until(lambda: "reset" in reader.types(), 1)
        assert pub.hub.as_of == "other-2"
        await log.write()
        pub.offer(await batch_after(connection, 2))
        await until(lambda: reader.positions[-1] == 3, 1)


async def test_offers_are_bounded(database_url: str, log: EventLog, connection: Connection) -> None:
    log.notify = False
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        await log.many(3 * publisher_module._MOST_OFFERS)
        whole = await batch_after(connection, 0)
        # all at once, before it has a turn
        for event in whole.events:
            pub.offer(Batch(SESSION, whole.epoch, event.position - 1, whole.as_of_time, [event]))
        assert len(pub._offers) <= publisher_module._MOST_OFFERS
        await until(lambda: len(reader.positions) == len(whole.events), 1)
        assert reader.positions == [event.position for event in whole.events]


@pytest.mark.reliability("hand-overs late, lost, twice and out of order")
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_becomes_of_offers_and_notifications_each_event_comes_once_in_order(
    database_url: str, log: EventLog, connection: Connection, seed: int
) -> None:
    draw = random.Random(seed)
    session = connection.get_server_pid()
    killer = await asyncpg.connect(database_url)
    offering: list[asyncio.Task[None]] = []

    async def offer_later(pub: Publisher, batch: Batch) -> None:
        for _ in range(draw.choice((0, 1, 1, 1, 1, 2))):
            await asyncio.sleep(draw.choice((0, 0, 0, 0.001, 0.02)))
            pub.offer(batch)

    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        position = 0
        for _ in range(150):
            log.notify = draw.random() < 0.8
            before, events = position, draw.choice((1, 1, 1, 2, 5))
            for _ in range(events):
                position = await log.write()
            batch = await batch_after(connection, before, session)
            offering.append(asyncio.create_task(offer_later(pub, batch)))
            await asyncio.sleep(draw.choice((0, 0, 0.001, 0.005)))
            if draw.random() < 0.03:
                await killer.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where"
                    " application_name = 'classpulse listener' and datname = current_database()"
                )
        await asyncio.gather(*offering)
        await until(lambda: reader.positions[-1:] == [position], 10)
        assert reader.positions == list(range(1, position + 1))
        assert "reset" not in reader.types()
        assert [entry.event.position for entry in pub.hub.ring.since(0)] == reader.positions
    await killer.close()
