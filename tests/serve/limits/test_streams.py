"""Streams and sockets of an educator, in all processes together."""

import asyncio
from typing import Any

import asyncpg
import pytest
from event_log import until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from classpulse.serve.limits import open_streams, waiting_sockets
from serve.live import STREAM, Live, listening, token

Connection = asyncpg.Connection


async def refused(live: Live, educator: int = 1) -> None:
    headers = {"Authorization": f"Bearer {token(educator)}"}
    async with live.request("GET", STREAM, headers) as answer:
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"


def socket(live: Live, **options: Any) -> connect:
    options.setdefault("additional_headers", {"Authorization": f"Bearer {token(1)}"})
    return connect(f"ws://127.0.0.1:{live.port}/ws/performance/1", **options)


async def opened_when_told(live: Live) -> None:
    """A stream can be opened within a second: a close is told with the next statement."""
    headers = {"Authorization": f"Bearer {token(1)}"}
    async with asyncio.timeout(5):
        while True:
            async with live.request("GET", STREAM, headers) as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.1)


async def test_streams_and_sockets_count_together_in_all_processes(school_url: str) -> None:
    async with (
        listening(school_url, stream_limit=3) as first,
        listening(school_url, stream_limit=3) as second,
        first.stream() as a,
        second.stream() as b,
    ):
        assert (a.status, b.status) == (200, 200)
        async with socket(second) as c:
            await c.recv()
            await refused(first)
            await refused(second)
            with pytest.raises(InvalidStatus) as answer:
                async with socket(first):
                    pass
            assert answer.value.response.status_code == 429
            assert int(answer.value.response.headers["retry-after"]) > 0
            # a token that comes later can only be answered by a close
            async with socket(first, additional_headers={}) as late:
                await late.send(token(1))
                with pytest.raises(ConnectionClosed):
                    await late.recv()
                assert late.close_code == 1013
            # others are others
            async with first.stream(educator=2) as other:
                assert other.status == 200
        await opened_when_told(first)


async def test_many_at_once_are_counted_exactly(school_url: str) -> None:
    async with (
        listening(school_url, stream_limit=20) as first,
        listening(school_url, stream_limit=20) as second,
    ):
        headers = {"Authorization": f"Bearer {token(1)}"}
        held: list[Any] = []

        async def open_one(live: Live) -> int:
            context = live.request("GET", STREAM, headers)
            held.append(context)
            return (await context.__aenter__()).status

        codes = await asyncio.gather(
            *(open_one(live) for live in (first, second) for _ in range(30))
        )
        for context in held:
            await context.__aexit__(None, None, None)
        assert sorted(codes) == [200] * 20 + [429] * 40


async def test_what_a_crashed_process_held_is_forgotten(school_url: str, tool: Connection) -> None:
    async with listening(school_url, stream_limit=2) as live:
        await tool.execute("insert into classpulse.open_streams values (1, 'crashed', 2)")
        await tool.execute("insert into classpulse.processes values ('crashed')")
        await refused(live)
        await tool.execute(
            "update classpulse.processes set seen_at = now() - interval '16 s'"
            " where process = 'crashed'"
        )
        async with live.stream() as stream:
            assert stream.status == 200


async def test_a_server_that_ends_leaves_no_count(school_url: str, tool: Connection) -> None:
    async with listening(school_url, stream_limit=1) as live, live.stream():
        assert await tool.fetchval("select count(*) from classpulse.processes") == 1
    assert await tool.fetchval("select count(*) from classpulse.processes") == 0
    async with listening(school_url, stream_limit=1) as live, live.stream() as again:
        assert again.status == 200


async def test_counts_lost_in_a_crash_of_postgres_come_back(
    school_url: str, tool: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_streams, "STAY_EVERY", 0.1)
    async with listening(school_url, stream_limit=1) as live, live.stream():
        await tool.execute("truncate classpulse.processes, classpulse.open_streams")
        async with asyncio.timeout(5):
            while not await tool.fetchval(
                "select sum(streams) from classpulse.open_streams where educator_id = 1"
            ):
                await asyncio.sleep(0.05)
        await refused(live)


async def test_a_process_holds_so_many_and_no_more(
    school_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_streams, "MOST_IN_PROCESS", 1)
    async with listening(school_url, stream_limit=0) as live, live.stream():
        await refused(live, educator=2)


async def test_sockets_that_say_nothing_are_bounded(
    school_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_sockets, "MOST_PER_ADDRESS", 2)
    async with listening(school_url) as live:
        waiting = live.app.state.limits.waiting_sockets
        async with socket(live, additional_headers={}), socket(live, additional_headers={}):
            with pytest.raises(InvalidStatus) as answer:
                async with socket(live, additional_headers={}):
                    pass
            assert answer.value.response.status_code == 429
            # who says at once who it is need not wait
            async with socket(live) as known:
                await known.recv()
        await until(lambda: waiting._all == 0)
