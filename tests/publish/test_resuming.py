"""Resuming: every event since an id, none twice, then live, with no gap between the two."""

import asyncio
import random

import asyncpg
import pytest
from event_log import EventLog, publishing, reading, until

from classpulse.events import Scope
from classpulse.publish import resume
from classpulse.publish.ring import Ring

ALL = Scope(everything=True)
Connection = asyncpg.Connection


async def forget(connection: Connection, up_to: int) -> None:
    """What the retention does."""
    await connection.execute("delete from classpulse.events where position <= $1", up_to)
    await connection.execute("update classpulse.state set kept_from = $1 + 1", up_to)


async def test_a_recent_id_is_resumed_without_the_database(
    database_url: str, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with publishing(database_url) as pub:
        await log.many(20)
        await until(lambda: pub.position == 20)

        async def refuse(*_: object) -> None:
            raise AssertionError("asked the database")

        monkeypatch.setattr(pub, "log_ends", refuse)
        async with reading(pub, ALL, since=await log.id_of(5)) as reader:
            assert reader.positions == list(range(6, 21))


async def test_a_process_that_just_started_resumes_recent_ids_from_memory(
    database_url: str, log: EventLog
) -> None:
    await log.many(20)
    async with publishing(database_url) as pub:
        assert pub.hub.ring.covers(0)
        async with reading(pub, ALL, since=await log.id_of(12)) as reader:
            assert reader.positions == list(range(13, 21))


async def test_an_older_id_is_resumed_from_the_database(
    database_url: str, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.many(700)
    async with publishing(database_url) as pub:
        pub.hub.ring.restart(690)
        async with reading(pub, ALL, since=await log.id_of(3)) as reader:
            assert reader.positions == list(range(4, 701))


@pytest.mark.parametrize("from_database", [False, True])
async def test_writes_during_a_resume_leave_no_gap_and_repeat_nothing(
    database_url: str,
    log: EventLog,
    monkeypatch: pytest.MonkeyPatch,
    from_database: bool,
) -> None:
    await log.many(300)
    monkeypatch.setattr(resume, "CATCH_UP_BYTES", 2000)
    async with publishing(database_url) as pub:
        if from_database:
            pub.hub.ring = Ring(events=10)
            pub.hub.ring.restart(pub.position)
        writing = asyncio.create_task(log.many(400))
        readers = []

        async def one(start: int) -> None:
            await asyncio.sleep(random.uniform(0, 0.2))
            async with reading(pub, ALL, since=await_id(start)) as reader:
                readers.append((start, reader))
                await writing
                await until(lambda: reader.positions and reader.positions[-1] == 700, 10)

        epoch = pub.hub.epoch

        def await_id(position: int) -> str:
            return f"{epoch}-{position}"

        await asyncio.gather(*(one(start) for start in range(0, 300, 30)))
        assert len(readers) == 10
        for start, reader in readers:
            assert reader.positions == list(range(start + 1, 701))


async def test_since_zero_is_all_that_is_kept(
    database_url: str, log: EventLog, connection: Connection
) -> None:
    await log.many(10)
    await forget(connection, 4)
    async with publishing(database_url) as pub, reading(pub, ALL, since="0") as reader:
        assert reader.positions == list(range(5, 11))
        assert "reset" not in reader.types()


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        ("malformed", "malformed"),
        ("elsewhere-3", "epoch"),
        ("{epoch}-99", "ahead"),
        ("{epoch}-2", "expired"),
    ],
)
async def test_what_cannot_be_filled_is_said(
    database_url: str, log: EventLog, connection: Connection, since: str, reason: str
) -> None:
    await log.many(10)
    await forget(connection, 4)
    epoch = await connection.fetchval("select epoch from classpulse.state")
    async with (
        publishing(database_url) as pub,
        reading(pub, ALL, since=since.format(epoch=epoch)) as reader,
    ):
        assert reader.types() == ["ready", "reset"]
        assert reader.got[1]["reason"] == reason
        assert reader.got[1]["id"] == f"{epoch}-10"
        await log.write()
        await until(lambda: reader.positions == [11])


async def test_the_id_just_before_the_oldest_kept_event_can_be_filled(
    database_url: str, log: EventLog, connection: Connection
) -> None:
    await log.many(10)
    await forget(connection, 4)
    since = await log.id_of(4)
    async with publishing(database_url) as pub, reading(pub, ALL, since=since) as reader:
        assert reader.positions == list(range(5, 11))


async def test_a_snapshot_newer_than_this_process_is_no_reset_and_repeats_nothing(
    database_url: str, log: EventLog
) -> None:
    async with publishing(database_url) as pub:
        await log.many(3)
        await until(lambda: pub.position == 3)
        pub.hub.position = 1
        pub.hub.ring.restart(1)
        async with reading(pub, ALL, since=await log.id_of(3)) as reader:
            assert reader.types() == ["ready"]
            pub.hub.broadcast("heartbeat", {})
            assert reader.types() == ["ready"]
            await log.write()
            await until(lambda: reader.positions == [4])


async def test_a_resume_sees_only_its_scope_and_what_it_asked_for(
    database_url: str, log: EventLog
) -> None:
    for section in (1, 2, 3):
        await log.write(sections=(section,))
    await log.write("scope_changed", sections=(), educator=9)
    await log.write("scope_changed", sections=(), educator=1)
    await log.write(sections=(), school=7)
    async with publishing(database_url) as pub:
        pub.hub.ring.restart(pub.position)
        scope = Scope(sections=frozenset({2, 3}))
        async with reading(pub, scope, since="0") as reader:
            assert reader.positions == [2, 3, 5]
        async with reading(pub, Scope(school_id=7), since="0", educator=9) as reader:
            assert reader.positions == [4, 6]


async def test_a_peer_that_takes_nothing_holds_a_resume_back(
    database_url: str, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "CATCH_UP_BYTES", 1000)
    await log.many(200, filler="x" * 100)
    async with publishing(database_url) as pub:
        pub.hub.ring.restart(pub.position)
        subscribing = asyncio.create_task(_slow_resume(pub))
        most, positions = await subscribing
        assert positions == list(range(1, 201))
        assert most < 3000


async def _slow_resume(pub: object) -> tuple[int, list[int]]:
    import json

    from event_log import as_json

    from classpulse.publish.publisher import Publisher
    from classpulse.publish.subscriber import Subscriber

    assert isinstance(pub, Publisher)
    subscriber = Subscriber(ALL, educator_id=1, encode=as_json)
    most, frames = 0, []

    def stall() -> None:
        subscriber.busy = bool(subscriber.buffer)

    subscriber.wake = stall

    async def peer() -> None:
        nonlocal most
        while True:
            await asyncio.sleep(0.001)
            most = max(most, subscriber.size)
            frames.extend(subscriber.take())
            subscriber.busy = False
            subscriber.mark_drained()

    reading_slowly = asyncio.create_task(peer())
    async with pub.hub.subscribe(subscriber):
        subscriber.after = 0
        await resume.catch_up(pub, subscriber)
        await until(lambda: not subscriber.buffer)
    reading_slowly.cancel()
    await asyncio.wait([reading_slowly])
    return most, [json.loads(frame)["position"] for frame in frames]
