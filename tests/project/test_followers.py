"""Many processes stand by: together they cost the database little, and one is always quick."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from leaders import leading

from classpulse.project import leader as leader_module
from classpulse.project.leader import Leader
from classpulse.project.lock import leader_session, take_over

FOLLOWERS = 20


@contextlib.asynccontextmanager
async def standing_by(url: str, count: int, **kind: Any) -> AsyncIterator[list[Leader]]:
    leaders = [Leader(url, retention=timedelta(days=7), **kind) for _ in range(count)]
    tasks = [asyncio.create_task(leader.run()) for leader in leaders]
    try:
        yield leaders
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def somebody_leads(leaders: list[Leader], seconds: float = 10) -> Leader:
    async with asyncio.timeout(seconds):
        while not any(leader.leading for leader in leaders):
            await asyncio.sleep(0.005)
    (leader,) = (leader for leader in leaders if leader.leading)
    return leader


async def test_twenty_followers_ask_less_than_six_did_and_one_is_quick(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = 0

    def count(_: object) -> None:
        nonlocal statements
        statements += 1

    @contextlib.asynccontextmanager
    async def counted(url: str) -> AsyncIterator[Any]:
        async with leader_session(url) as session:
            session.add_query_logger(count)
            yield session

    monkeypatch.setattr(leader_module, "leader_session", counted)
    async with leader_session(database_url) as holder:
        await take_over(holder)
        async with standing_by(database_url, FOLLOWERS) as leaders:
            # each has looked at who holds it
            await asyncio.sleep(3)
            statements = 0
            began = time.monotonic()
            while time.monotonic() - began < 6:
                await holder.execute("select 1")
                await asyncio.sleep(0.5)
            rate = statements / (time.monotonic() - began)
            # each asked 3.3 times a second, and looked twice in two: 87 a second
            assert rate < 26
            assert not any(leader.leading for leader in leaders)
            holder.terminate()
            began = time.monotonic()
            await somebody_leads(leaders)
            assert time.monotonic() - began < 1.0


async def test_the_line_has_a_new_head_when_the_first_goes(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many go at once, each is replaced within moments of the others' next look."""
    monkeypatch.setattr(leader_module, "OTHERS_SECONDS", (0.2, 0.4))
    async with contextlib.AsyncExitStack() as stack:
        groups = [await stack.enter_async_context(standing_by(database_url, 1)) for _ in range(4)]
        leaders = [leader for (leader,) in groups]
        first = await somebody_leads(leaders)
        await asyncio.sleep(1)
        watch = await asyncpg.connect(database_url)
        # the leader and the head of the line at once
        ended = await watch.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory'"
            " and granted and objsubid = 2"
            " and database = (select oid from pg_database where datname = current_database())"
        )
        await watch.close()
        assert ended == 2
        first.leading = False
        await somebody_leads(leaders, 2)


async def test_a_stranger_in_the_line_keeps_nobody_from_leading(
    database_url: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader_module, "OTHERS_SECONDS", (0.2, 0.4))
    for line in (leader_module.SERVERS, leader_module.APART):
        assert await connection.fetchval(
            "select pg_try_advisory_lock(hashtext('classpulse.next'), $1)", line
        )
    async with leader_session(database_url) as holder:
        await take_over(holder)
        async with standing_by(database_url, 2) as leaders:
            await asyncio.sleep(1)
            holder.terminate()
            await somebody_leads(leaders, 2)


async def test_projectors_apart_ask_no_other_of_their_kind_to_step_aside(
    database_url: str, connection: Any
) -> None:
    led_since = "select led_since from classpulse.handover"
    async with leading(database_url) as server, standing_by(database_url, 3, apart=True) as apart:
        await somebody_leads(apart)
        # those that asked at the same moment may make one more change
        await asyncio.sleep(2.5)
        leader = await somebody_leads(apart)
        since = await connection.fetchval(led_since)
        await asyncio.sleep(4)
        assert (leader.leading, server.leading) == (True, False)
        assert await connection.fetchval(led_since) == since


async def test_one_that_keeps_losing_the_lead_asks_ever_less(
    database_url: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader_module, "ASK_AGAIN_SECONDS", 1.0)
    monkeypatch.setattr(leader_module, "LOOK_SECONDS", 0.1)
    asked = 0
    real = leader_module.displace

    async def displace(session: Any, seconds: float) -> int | None:
        nonlocal asked
        asked += 1
        return await real(session, seconds)

    class Failing(Leader):
        async def _lead(self, *_: object) -> None:
            raise ConnectionError("it never gets any further")

    monkeypatch.setattr(leader_module, "displace", displace)
    async with leading(database_url) as server:
        failing = asyncio.create_task(
            Failing(database_url, retention=timedelta(days=7), apart=True).run()
        )
        await asyncio.sleep(10)
        failing.cancel()
        await asyncio.wait([failing])
        # at 0, 1, 3 and 7 seconds at the most
        assert 2 <= asked <= 4
        assert await somebody_leads([server], 2)


async def test_a_request_from_the_future_keeps_nobody_from_leading(
    database_url: str, connection: Any
) -> None:
    """A restore on a server whose clock is behind."""
    await connection.execute(
        "update classpulse.handover set wanted_at = clock_timestamp() + interval '1 day'"
    )
    async with leading(database_url) as leader:
        assert leader.leading
