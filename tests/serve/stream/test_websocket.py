"""The events over a WebSocket, on a real socket."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from event_log import until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from classpulse.serve.stream import websocket
from serve.live import Live, listening, token
from serve.stream.test_stream import GRADE

PATHS = ("/api/v1/performance/ws/performance/", "/api/v1/ws/performance/", "/ws/performance/")
Connection = asyncpg.Connection


@pytest.fixture
async def live(school_url: str, tool: Connection) -> AsyncIterator[Live]:
    async with listening(school_url, cors_origins=("https://allowed.example",)) as live:
        await until(lambda: live.app.state.leader.leading, 10)
        epoch = await tool.fetchval("select epoch from classpulse.state")
        await until(lambda: live.hub.epoch == epoch)
        yield live


def opened(
    live: Live, educator: int = 1, *, path: str = PATHS[0], query: str = "", **options: Any
) -> connect:
    options.setdefault("additional_headers", {"Authorization": f"Bearer {token(1)}"})
    return connect(f"ws://127.0.0.1:{live.port}{path}{educator}{query}", **options)


async def message(socket: ClientConnection, type_: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while True:
            data: dict[str, Any] = json.loads(await socket.recv())
            if data["type"] == type_:
                return data


async def closed(socket: ClientConnection) -> int | None:
    """The code that the server closes with."""
    async with asyncio.timeout(5):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return socket.close_code


@pytest.mark.parametrize("path", PATHS)
async def test_the_same_events_come_one_a_message(live: Live, tool: Connection, path: str) -> None:
    async with opened(live, path=path) as socket:
        ready = await message(socket, "ready")
        await tool.execute(GRADE, 98, 4)
        update = await message(socket, "grade_update")
        assert update["grade_data"]["score"] == 98
    async with opened(live, path=path, query=f"?since={ready['id']}") as socket:
        assert await message(socket, "grade_update") == update


@pytest.mark.parametrize("wrap", [str, lambda value: json.dumps({"token": value})])
async def test_the_token_may_be_the_first_message(live: Live, wrap: Any) -> None:
    async with opened(live, additional_headers={}) as socket:
        await socket.send(wrap(token(1)))
        scope = (await message(socket, "ready"))["scope"]
        assert (scope["educator_id"], scope["sections"]) == (1, [1, 4])


async def test_the_token_may_be_in_the_cookie(live: Live) -> None:
    headers = {"Cookie": f"classpulse_token={token(1)}"}
    async with opened(live, additional_headers=headers) as socket:
        await message(socket, "ready")


async def test_without_a_token_the_socket_closes(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "TOKEN_SECONDS", 0.2)
    async with opened(live, additional_headers={}) as socket:
        assert await closed(socket) == 4401


@pytest.mark.parametrize("sent", ["nonsense", "{}", '{"token": 3}', "{", ""])
async def test_a_wrong_token_closes(live: Live, sent: str) -> None:
    async with opened(live, additional_headers={}) as socket:
        await socket.send(sent)
        assert await closed(socket) == 4401
    headers = {"Authorization": f"Bearer {token(1, ttl=-5)}"}
    async with opened(live, additional_headers=headers) as socket:
        assert await closed(socket) == 4401


@pytest.mark.parametrize("educator", [2, 999, "x"])
async def test_anothers_id_closes(live: Live, educator: Any) -> None:
    async with opened(live, educator) as socket:
        assert await closed(socket) == 4404


async def test_a_page_of_another_site_may_not_open_it(live: Live) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(live, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    for origin in ("https://allowed.example", f"http://127.0.0.1:{live.port}"):
        async with opened(live, origin=origin) as socket:
            await message(socket, "ready")


async def test_a_socket_that_is_refused_is_no_error_in_the_log(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    for wrong in ({"origin": "https://evil.example"}, {"query": "?since=nonsense"}):
        with pytest.raises(InvalidStatus):
            await opened(live, **wrong)
    async with opened(live) as socket:
        await message(socket, "ready")
    assert [line.message for line in caplog.records if line.levelno >= logging.WARNING] == []


async def test_a_malformed_since_refuses_the_handshake(live: Live) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(live, query="?since=nonsense"):
            pass
    assert refused.value.response.status_code == 400


async def test_a_reader_too_slow_is_told_so(live: Live) -> None:
    async with opened(live) as socket:
        await message(socket, "ready")
        (subscriber,) = live.hub.everybody()
        live.hub.end(subscriber, "slow")
        assert await closed(socket) == 1013


async def test_ended_rights_and_tokens_close_it(live: Live, tool: Connection) -> None:
    async with opened(live) as socket:
        await message(socket, "ready")
        await tool.execute("update educators set is_active = false where id = 1")
        assert await closed(socket) == 4401
    await until(lambda: len(live.hub) == 0)


async def test_a_token_that_ends_is_told_and_closes(live: Live) -> None:
    headers = {"Authorization": f"Bearer {token(1, ttl=2)}"}
    async with opened(live, additional_headers=headers) as socket:
        await message(socket, "token_expiring")
        assert await closed(socket) == 4401


async def test_a_client_that_leaves_or_talks_is_no_trouble(
    live: Live, tool: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(live) as socket:
        await message(socket, "ready")
        for _ in range(20):
            await socket.send("hello")
        await tool.execute(GRADE, 98, 4)
        await message(socket, "grade_update")
    await until(lambda: len(live.hub) == 0, 1)
    assert "Exception" not in caplog.text


async def test_a_stopping_server_says_so(live: Live) -> None:
    from classpulse.serve.stream.shutdown import end_streams

    async with opened(live) as socket:
        await message(socket, "ready")
        end_streams(live.hub)
        assert await closed(socket) == 1012
