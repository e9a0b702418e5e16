"""The publisher: every event in order, through whatever happens to its connection."""

import asyncio
import json
from collections.abc import Collection

import asyncpg
import pytest
from event_log import EventLog, publishing, reading, until

from classpulse.events import Scope
from classpulse.publish import proof, publisher
from classpulse.rights import Rights

ALL = Scope(everything=True)
Connection = asyncpg.Connection


async def kill_listener(connection: Connection) -> int:
    return await connection.fetchval(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
        " where application_name = 'classpulse listener' and datname = current_database()"
    )


async def test_events_come_in_the_order_of_their_positions(
    database_url: str, log: EventLog
) -> None:
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        written = await log.many(50)
        await until(lambda: len(reader.positions) == 50)
        assert reader.positions == written
        assert reader.got[0]["type"] == "ready"


async def test_an_event_arrives_without_waiting_for_the_slow_poll(
    database_url: str, log: EventLog
) -> None:
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        await asyncio.sleep(0.1)
        await log.write()
        await until(lambda: reader.positions, 0.5)


async def test_an_event_that_nobody_was_woken_for_is_found_by_the_slow_poll(
    database_url: str, log: EventLog
) -> None:
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        log.notify = False
        await log.write()
        await until(lambda: reader.positions, publisher.SLOW_POLL + 1)


async def test_a_killed_backend_loses_and_repeats_no_event(
    database_url: str, log: EventLog, connection: Connection
) -> None:
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        written = []
        for _ in range(5):
            written += await log.many(10)
            assert await kill_listener(connection) <= 1
            written += await log.many(10)
            await asyncio.sleep(0.05)
        await until(lambda: len(reader.positions) >= len(written), 10)
        await asyncio.sleep(0.1)
        assert reader.positions == written
        assert pub.status().connected


async def test_a_connection_that_went_deaf_is_replaced(
    database_url: str,
    log: EventLog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proof, "CANARY_EVERY", 0.2)
    monkeypatch.setattr(proof, "CANARY_LOST", 0.3)
    # nobody folds canaries in: none comes back
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        await until(lambda: pub._connection is not None)
        first = pub._connection
        await until(lambda: pub._connection not in (None, first))
        await log.write()
        await until(lambda: reader.positions)


async def test_an_answer_that_never_comes_is_a_lost_connection(
    database_url: str,
    log: EventLog,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from classpulse.publish import reader as log_reader

    monkeypatch.setattr(log_reader, "QUERY_SECONDS", 0.3)
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        first = pub._connection
        other = await asyncpg.connect(database_url)
        block = other.transaction()
        await block.start()
        await other.execute("lock table classpulse.events in access exclusive mode")
        await until(lambda: pub._connection is not first, 5)
        await block.rollback()
        await other.close()
        position = await log.write()
        await until(lambda: reader.positions == [position], 10)


async def test_another_epoch_resets_every_subscriber(
    database_url: str, log: EventLog, connection: Connection
) -> None:
    rights = {1: ALL}
    async with publishing(database_url, rights) as pub, reading(pub, ALL) as reader:
        await log.many(3)
        await until(lambda: len(reader.positions) == 3)
        await connection.execute("update classpulse.state set epoch = 'other'")
        await until(lambda: "reset" in reader.types())
        reset = next(event for event in reader.got if event["type"] == "reset")
        assert (reset["reason"], reset["id"]) == ("epoch", "other-3")
        await log.write()
        await until(lambda: reader.positions[-1] == 4)


async def test_a_log_that_was_rolled_back_resets_every_subscriber(
    database_url: str, log: EventLog, connection: Connection
) -> None:
    rights = {1: ALL}
    async with publishing(database_url, rights) as pub, reading(pub, ALL) as reader:
        await log.many(5)
        await until(lambda: len(reader.positions) == 5)
        async with connection.transaction():
            await connection.execute("delete from classpulse.events where position > 2")
            await connection.execute("update classpulse.state set position = 2")
        await kill_listener(connection)
        await until(lambda: "reset" in reader.types())
        reset = reader.got[-1]
        assert (reset["reason"], reset["id"]) == ("ahead", await log.id_of(2))
        assert await log.write() == 3
        await until(lambda: reader.positions[-1] == 3)


async def test_a_publisher_starts_without_a_database_and_finds_it_later(
    database_url: str, connection: Connection, log: EventLog
) -> None:
    name = await connection.fetchval("select current_database()")
    other = database_url.replace(name, "not_there_yet")

    async def resolve(_: Collection[int]) -> dict[int, Rights]:
        return {}

    pub = publisher.Publisher(other, resolve=resolve)
    task = asyncio.create_task(pub.run())
    assert not await pub.started(0.5)
    assert not pub.alive
    pub._url = database_url
    assert await pub.started(5)
    task.cancel()
    await asyncio.wait([task])


async def test_an_event_that_is_no_json_keeps_nothing_else_from_anybody(
    database_url: str, log: EventLog, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    async with publishing(database_url) as pub, reading(pub, ALL) as reader:
        async with connection.transaction():
            await log.write()
            await connection.execute("update classpulse.events set payload = '{'")
        await log.write()
        await until(lambda: reader.positions == [2])
        assert "position 1 can't be read" in caplog.text


async def test_heartbeats_come_only_on_proof(
    database_url: str,
    log: EventLog,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proof, "CANARY_EVERY", 0.1)
    async with (
        publishing(database_url, heartbeat_every=0.1) as pub,
        reading(pub, ALL, keepalive=b"1") as reader,
    ):
        await asyncio.sleep(0.4)
        # nobody folds in: only the sign that the socket is open
        assert b"1" in reader.frames
        assert not any(b"heartbeat" in frame for frame in reader.frames)

        other = await asyncpg.connect(database_url)
        answering = asyncio.create_task(EventLog(other).answer_canaries())
        await until(lambda: pub.alive)
        await until(lambda: b"heartbeat" in reader.frames[-1])
        heartbeat = json.loads(reader.frames[-1])
        assert heartbeat["lag_ms"] >= 0
        assert heartbeat["as_of_time"]
        # with the id last passed, though no event of it was for anybody
        assert heartbeat["id"].startswith(pub.hub.epoch)
        assert int(heartbeat["id"].split("-")[1]) > 0

        await connection.execute("alter table grades disable trigger classpulse_capture_insert")
        await until(lambda: not pub.alive)
        del reader.frames[:]
        await asyncio.sleep(0.3)
        assert set(reader.frames) == {b"1"}

        await connection.execute(
            "alter table grades enable always trigger classpulse_capture_insert"
        )
        await until(lambda: pub.alive)
        answering.cancel()
        await asyncio.wait([answering])
        await other.close()


async def test_an_old_canary_is_no_proof(
    database_url: str, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "CANARY_EVERY", 0.1)
    monkeypatch.setattr(proof, "PROOF_HOLDS", 0.5)
    async with publishing(database_url) as pub:
        await log.write("_canary", sections=(), process="another", beat=1)
        await until(lambda: pub.alive)
        await until(lambda: not pub.alive)
        assert pub.status().proof_age > 0.5
