"""Connections: requests that never become whole, heads and bodies without end, chatter."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

import pytest
from event_log import until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from classpulse.serve import connections
from classpulse.serve.connections import HEAD_BYTES
from classpulse.serve.limits import chatter
from classpulse.serve.listening import UNSENT_BYTES, listening_socket
from serve.live import Live, listening, token

LOGIN = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
MIB = 1024 * 1024


@pytest.fixture
async def live(school_url: str) -> AsyncIterator[Live]:
    async with listening(school_url) as live:
        yield live


async def answer_to(live: Live, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that comes back until the server closes, or for two seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    try:
        got = b""
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    while chunk := await reader.read(65536):
                        got += chunk
                        _, _, body = got.partition(b"\r\n\r\n")
                        if b'"status"' in body and body.endswith(b"}"):
                            break
        return got
    finally:
        writer.close()


async def is_closed_in_time(live: Live, *pieces: bytes) -> None:
    """The server closes although a byte comes now and then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    for piece in pieces:
        writer.write(piece)

    async def trickle() -> None:
        with contextlib.suppress(ConnectionError):
            while pieces:
                await asyncio.sleep(0.1)
                writer.write(b"a")

    trickling = asyncio.create_task(trickle())
    try:
        async with asyncio.timeout(8):
            with contextlib.suppress(ConnectionError):
                while await reader.read(65536):
                    pass
    finally:
        trickling.cancel()
        writer.close()


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"GE",),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",),
        (LOGIN.encode() + b"Content-Length: 5000\r\n\r\n{",),
        (LOGIN.encode() + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n{",),
        # the second request of a connection
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: ",),
    ],
    ids=["nothing", "method", "headers", "body", "chunks", "second"],
)
async def test_a_request_that_does_not_become_whole_is_cut(
    live: Live, monkeypatch: pytest.MonkeyPatch, pieces: tuple[bytes, ...]
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.5)
    await is_closed_in_time(live, *pieces)


async def test_what_is_whole_may_last(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.3)
    async with live.stream() as stream:
        async with connect(
            f"ws://127.0.0.1:{live.port}/ws/performance/1",
            additional_headers={"Authorization": f"Bearer {token(1)}"},
        ) as peer:
            await peer.recv()
            await asyncio.sleep(1.5)
            await peer.send("hello")
            pong = await peer.ping()
            await pong
        await stream.until("ready")
        assert len(live.hub) >= 1


async def test_a_body_that_comes_slowly_is_read(live: Live) -> None:
    body = json.dumps({"email": "nobody@north.school", "password": "wrong"}).encode()
    head = LOGIN.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode()
    got = await answer_to(live, head, body[:10], body[10:], pause=0.3)
    assert got.startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * (HEAD_BYTES + 200_000),
        b"GET /" + b"x" * (HEAD_BYTES + 200_000),
        b"GET /healthz HTTP/1.1\r\n" + b"X-Many: y\r\n" * 50_000,
    ],
    ids=["long header", "long path", "many headers"],
)
async def test_a_head_without_end_is_refused(live: Live, head: bytes) -> None:
    got = await answer_to(live, *(head[at : at + 20_000] for at in range(0, len(head), 20_000)))
    # a sender that is still writing may hear of the end alone
    assert got == b"" or got.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("target", ["/api/v1/auth/login", "/api/v1/auth/logout", "/nowhere"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_one_mib_is_refused_in_words(
    live: Live, target: str, chunked: bool
) -> None:
    head = (
        f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token(1)}\r\n"
    ).encode()
    if chunked:
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        pieces = [head + b"Transfer-Encoding: chunked\r\n\r\n", *[piece] * 32, b"0\r\n\r\n"]
    else:
        pieces = [head + f"Content-Length: {2 * MIB}\r\n\r\n".encode(), *[b" " * 65536] * 32]
    got = await answer_to(live, *pieces)
    if not chunked or "auth" in target:
        assert got.startswith(b"HTTP/1.1 413"), got[:200]
        assert b"larger than 1 MiB" in got
    else:
        # nobody reads it there: it is discarded
        assert got.startswith(b"HTTP/1.1 404"), got[:200]


async def test_a_body_of_exactly_one_mib_is_read(live: Live) -> None:
    body = b'{"email": "a", "password": "b"' + b" " * MIB
    body = body[: MIB - 1] + b"}"
    got = await answer_to(live, LOGIN.encode() + f"Content-Length: {MIB}\r\n\r\n".encode(), body)
    assert got.startswith(b"HTTP/1.1 401")


async def test_deep_json_is_refused_everywhere(live: Live) -> None:
    for opening in ("[", '{"a":', '{"email":'):
        body = (opening * 100_000).encode()
        head = LOGIN.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode()
        got = await answer_to(live, head, body)
        assert got.startswith(b"HTTP/1.1 400"), (opening, got[:100])


@pytest.mark.reliability("a message that cannot be decoded")
@pytest.mark.parametrize("opening", ['{"token":', '{"token":[', '{"a":', "{"])
async def test_a_first_message_of_any_depth_closes_with_a_reason(
    live: Live, opening: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(f"ws://127.0.0.1:{live.port}/ws/performance/1", max_size=None) as peer:
        await peer.send(opening * 100_000)
        with pytest.raises(ConnectionClosed):
            await peer.recv()
        assert peer.close_code == 4401
    assert "RecursionError" not in caplog.text


async def code_of_chatter(live: Live, messages: int, size: int) -> int | None:
    async with connect(
        f"ws://127.0.0.1:{live.port}/ws/performance/1",
        additional_headers={"Authorization": f"Bearer {token(1)}"},
        max_size=None,
    ) as peer:
        await peer.recv()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(messages):
                await peer.send("x" * size)
            async with asyncio.timeout(5):
                while True:
                    await peer.recv()
        return peer.close_code


@pytest.mark.parametrize(("messages", "size"), [(200, 1), (30, 10_000), (400, 100_000)])
async def test_a_client_that_chatters_is_sent_away(live: Live, messages: int, size: int) -> None:
    assert await code_of_chatter(live, messages, size) == 1008
    await until(lambda: len(live.hub) == 0)


async def test_a_message_too_large_is_refused(live: Live) -> None:
    assert await code_of_chatter(live, 1, MIB + 1) == 1009


async def test_pings_are_chatter_too(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SOCKET_BYTES_PER_MINUTE", 20_000)
    async with connect(
        f"ws://127.0.0.1:{live.port}/ws/performance/1",
        additional_headers={"Authorization": f"Bearer {token(1)}"},
    ) as peer:
        await peer.recv()
        with contextlib.suppress(ConnectionClosed):
            for number in range(1000):
                await (await peer.ping(b"x" * 100 + str(number).encode()))
        assert peer.close_code == 1008


async def test_a_word_now_and_then_is_no_chatter(live: Live) -> None:
    assert chatter.MESSAGES_PER_MINUTE >= 60
    async with connect(
        f"ws://127.0.0.1:{live.port}/ws/performance/1",
        additional_headers={"Authorization": f"Bearer {token(1)}"},
    ) as peer:
        await peer.recv()
        for _ in range(60):
            await peer.send("ping")
        await (await peer.ping())
        assert len(live.hub) == 1


async def test_little_waits_in_the_kernel_for_a_peer_that_does_not_read() -> None:
    listener = listening_socket("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname()) as client:
        peer, _ = listener.accept()
        with peer:
            unsent = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
            assert unsent == UNSENT_BYTES
        assert client.fileno() > 0
