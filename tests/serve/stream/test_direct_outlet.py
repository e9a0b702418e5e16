"""A stream's head passes the middleware, its body goes past it: the wire must not show which."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from event_log import as_json, until
from starlette.types import Receive, Scope, Send

from classpulse import events
from classpulse.publish.deadlines import Deadlines
from classpulse.publish.deaf import Deaf
from classpulse.publish.subscriber import Subscriber
from classpulse.serve import application
from classpulse.serve.connections import BoundedHttp, connection_options
from classpulse.serve.stream import direct_outlet, endpoint, outlet
from classpulse.serve.stream.direct_outlet import DirectOutlet
from serve import live as serving
from serve.live import STREAM, Live, listening, token
from serve.stream.test_stream import GRADE

Connection = asyncpg.Connection
ALLOWED, OTHER = "https://allowed.example", "https://other.example"
SETTINGS: dict[str, Any] = {
    "cors_origins": (ALLOWED,),
    "forwarded_allow": ("127.0.0.1",),
    "request_limit": (600, 1200),
}


def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {token()}"}


def cases() -> dict[str, tuple[str, str, dict[str, str]]]:
    return {
        "a stream": ("GET", "", bearer()),
        "format=message": ("GET", "?format=message", bearer()),
        "an allowed origin": ("GET", "", bearer() | {"Origin": ALLOWED}),
        "another origin": ("GET", "", bearer() | {"Origin": OTHER}),
        "a cookie": ("GET", "", {"Cookie": f"classpulse_token={token()}", "Origin": ALLOWED}),
        "forwarded": (
            "GET",
            "",
            bearer() | {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"},
        ),
        "HEAD": ("HEAD", "", bearer() | {"Origin": ALLOWED}),
        "POST": ("POST", "", bearer() | {"Content-Length": "0", "Origin": ALLOWED}),
        "OPTIONS": ("OPTIONS", "", {}),
        "preflight": (
            "OPTIONS",
            "",
            {
                "Origin": ALLOWED,
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "last-event-id",
            },
        ),
        "preflight of another": (
            "OPTIONS",
            "",
            {"Origin": OTHER, "Access-Control-Request-Method": "GET"},
        ),
        "no token": ("GET", "", {"Origin": ALLOWED}),
        "a bad token": ("GET", "", {"Authorization": "Bearer x"}),
        "a bad header": ("GET", "", {"Authorization": "x"}),
        "an unknown parameter": ("GET", "?type=x", bearer()),
        "a section of another": ("GET", "?section_id=2", bearer() | {"Origin": OTHER}),
        "a slash too many": ("GET", "/", bearer()),
    }


# What differs from one request to the next.
_CHANGES = ("date", "retry-after")


async def wire(live: Live, method: str, query: str, headers: dict[str, str]) -> Any:
    """Status, sorted headers, and the body (of a stream: the kinds of its first frames)."""
    async with live.request(method, STREAM + query, headers) as answer:
        head = sorted(item for item in answer.headers.items() if item[0] not in _CHANGES)
        body: Any = b""
        if answer.status == 200 and answer.headers.get("transfer-encoding") == "chunked":
            body = [sorted(await answer.next()) for _ in range(3)]
        elif method != "HEAD" and "content-length" in answer.headers:
            body = await answer.body()
        return answer.status, head, body


@asynccontextmanager
async def inside(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Live]:
    """The server with the body, too, sent through the middleware."""
    serve = endpoint.Stream.__call__

    async def whole(self: endpoint.Stream, scope: Scope, receive: Receive, send: Send) -> None:
        await serve(self, scope, receive, send)
        go_on: application.GoOn | None = scope.pop(application._KEY, None)
        if go_on is not None:
            await go_on(receive, send)

    with monkeypatch.context() as patch:
        patch.setattr(endpoint.Stream, "__call__", whole)
        patch.setattr(endpoint, "connection_of", lambda receive: None)
        async with listening(url, **SETTINGS) as live:
            yield live


async def test_the_wire_shows_nothing_of_the_way(
    school_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inside(school_url, monkeypatch) as live:
        expected = {name: await wire(live, *case) for name, case in cases().items()}
    async with listening(school_url, **SETTINGS) as live:
        got = {name: await wire(live, *case) for name, case in cases().items()}
    assert got == expected
    assert {name: answer[0] for name, answer in got.items() if answer[0] != 200} == {
        "POST": 405,
        "OPTIONS": 405,
        "preflight of another": 400,
        "no token": 401,
        "a bad token": 401,
        "a bad header": 401,
        "an unknown parameter": 400,
        "a section of another": 404,
        "a slash too many": 404,
    }


async def test_too_many_requests_are_refused_alike(
    school_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SETTINGS, "request_limit", (2, 0))
    headers = bearer() | {"Origin": ALLOWED}
    answers = []
    for way in (inside(school_url, monkeypatch), listening(school_url, **SETTINGS)):
        async with way as live:
            # what other processes counted is not known to a new one at once
            tries = [await wire(live, "GET", "", headers) for _ in range(6)]
            (status, head, body) = tries[-1]
            # the sentence says in how many seconds
            head = [item for item in head if item[0] != "content-length"]
            answers.append((status, head, json.loads(body)["title"]))
    assert answers[0] == answers[1]
    assert answers[0][0] == 429


async def test_of_a_stream_no_frame_of_the_middleware_stays(school_url: str) -> None:
    async with listening(school_url, **SETTINGS) as live, live.stream() as feed:
        await feed.until("ready")
        (task,) = [one for one in asyncio.all_tasks() if "run_asgi" in one.get_coro().__name__]
        names, step = [], task.get_coro()
        while step is not None and hasattr(step, "cr_await"):
            names.append(step.__qualname__)
            step = step.cr_await
        assert names == [
            "RequestResponseCycle.run_asgi",
            "Application.__call__",
            "_go_on",
            "follow",
            "DirectOutlet.run",
        ]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[BoundedHttp | None]:
    """The connections that streams found to write to themselves."""
    those: list[BoundedHttp | None] = []

    def recording(receive: Receive) -> BoundedHttp | None:
        those.append(direct_outlet.connection_of(receive))
        return those[-1]

    monkeypatch.setattr(endpoint, "connection_of", recording)
    return those


async def test_a_request_with_a_body_to_come_takes_the_way_of_the_specification(
    school_url: str, found: list[BoundedHttp | None]
) -> None:
    async with listening(school_url) as live:
        headers = bearer() | {"Content-Length": "3"}
        async with live.request("GET", STREAM, headers) as feed:
            await feed.until("ready")
            assert found == [None]
            feed.writer.write(b"abc")
            live.hub.broadcast("heartbeat", {"lag_ms": 1})
            await feed.until("heartbeat")
        await until(lambda: len(live.hub) == 0, 2)


async def test_another_protocol_takes_the_way_of_the_specification(
    school_url: str, tool: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = connection_options() | {"http": "h11"}
    monkeypatch.setattr(serving, "connection_options", lambda: options)
    async with listening(school_url) as live, live.stream() as feed:
        await until(lambda: live.app.state.leader.leading, 10)
        await feed.until("ready")
        await tool.execute(GRADE, 91, 4)
        assert (await feed.until("grade_update"))["grade_data"]["score"] == 91


async def test_a_client_of_http_1_0_reads_the_same(school_url: str) -> None:
    async with listening(school_url) as live:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        lines = [f"GET {STREAM} HTTP/1.0", f"Authorization: {bearer()['Authorization']}", "", ""]
        writer.write("\r\n".join(lines).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        await reader.readuntil(b"event: ready\n")
        writer.close()
        await until(lambda: len(live.hub) == 0, 2)


async def test_a_second_request_on_the_connection_harms_nothing(
    school_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(school_url) as live, live.stream() as feed:
        await feed.until("ready")
        feed.writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.1)
        live.hub.broadcast("heartbeat", {"lag_ms": 1})
        await feed.until("heartbeat")
        (subscriber,) = live.hub.everybody()
        live.hub.end(subscriber, "token_expired")
        await feed.end()
        # it was told that the connection closes; the rest is never answered
        assert await feed.reader.read() == b""
    assert "Exception" not in caplog.text
    assert "without" not in caplog.text


async def test_a_connection_that_breaks_off_is_forgotten(
    school_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(school_url) as live:
        for _ in range(3):
            peer = socket.create_connection(("127.0.0.1", live.port))
            request = f"GET {STREAM} HTTP/1.1\r\nHost: x\r\n"
            peer.sendall(f"{request}Authorization: {bearer()['Authorization']}\r\n\r\n".encode())
            await until(lambda: len(live.hub) == 1)
            # a reset instead of a goodbye
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.close()
            for _ in range(5):
                live.hub.broadcast("heartbeat", {"lag_ms": 1})
                await asyncio.sleep(0.01)
            await until(lambda: len(live.hub) == 0, 2)
        assert not live.hub.deaf
    assert "Exception" not in caplog.text


class Transport:
    """What a connection writes to; it says when it has had enough."""

    def __init__(self, connection: "Connected") -> None:
        self.connection = connection
        self.written: list[bytes] = []
        self.room = 10**9
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.writelines([data])

    def writelines(self, data: list[bytes]) -> None:
        self.written += data
        self.room -= sum(map(len, data))
        if self.room < 0 and not self.connection.flow.write_paused:
            self.connection.pause()

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


class Flow:
    write_paused = False


class Cycle:
    disconnected = False


class Connected:
    """A connection of ours, as far as an outlet knows it."""

    def __init__(self) -> None:
        self.transport = Transport(self)
        self.flow = Flow()
        self.cycle = Cycle()
        self.stream: DirectOutlet | None = None

    def hand_to(self, stream: DirectOutlet) -> None:
        self.stream = stream

    def pause(self) -> None:
        self.flow.write_paused = True
        assert self.stream is not None
        self.stream.paused()

    def resume(self, room: int = 10**9) -> None:
        self.transport.room = room
        self.flow.write_paused = False
        assert self.stream is not None
        self.stream.resumed()


def joined(**options: Any) -> tuple[Connected, Subscriber, DirectOutlet, list[Any]]:
    connection, sent = Connected(), []

    async def send(message: Any) -> None:
        sent.append(message)

    subscriber = Subscriber(events.Scope(), educator_id=1, encode=as_json, **options)
    way: Any = DirectOutlet(subscriber, connection, send, Deadlines(), Deaf())  # type: ignore[arg-type]
    subscriber.wake = way.flush
    return connection, subscriber, way, sent


async def test_frames_are_written_as_they_are_and_no_message_is_made() -> None:
    connection, subscriber, _, sent = joined()
    one, two = b"one", b"two"
    subscriber.push(one)
    subscriber.wake()
    subscriber.push(one)
    subscriber.push(two)
    subscriber.wake()
    # the very bytes that all readers share
    assert [id(each) for each in connection.transport.written] == [id(one), id(one), id(two)]
    assert sent == []
    assert subscriber.size == 0


async def test_a_peer_that_pauses_gets_everything_in_order() -> None:
    connection, subscriber, _, _ = joined()
    for number in range(100):
        if number in (10, 50):
            connection.transport.room = 0
        subscriber.push(b"%d " % number)
        if number % 3 == 0:
            subscriber.wake()
        if number == 40:
            assert subscriber.busy
            connection.resume()
    connection.resume()
    assert b"".join(connection.transport.written).split() == [b"%d" % n for n in range(100)]


async def test_a_peer_that_does_not_read_is_handed_a_piece_and_no_more() -> None:
    connection, subscriber, _, _ = joined()
    connection.transport.room = 0
    for _ in range(900):
        subscriber.push(b"x" * 1000)
    subscriber.wake()
    assert sum(map(len, connection.transport.written)) <= outlet.PIECE_BYTES
    connection.resume(room=100_000)
    assert subscriber.busy
    connection.resume()
    assert sum(map(len, connection.transport.written)) == 900_000
    assert not subscriber.busy


async def test_the_end_comes_after_what_waits() -> None:
    connection, subscriber, way, sent = joined()
    connection.transport.room = 0
    subscriber.push(b"a")
    subscriber.wake()
    subscriber.push(b"b")
    subscriber.close("shutdown", b"bye")
    running = asyncio.create_task(way.run())
    await asyncio.sleep(0)
    assert sent == []
    connection.resume()
    await running
    assert connection.transport.written == [b"a", b"b"]
    assert [(one["body"], one["more_body"]) for one in sent] == [(b"bye", False)]
    assert connection.stream is None


async def test_a_peer_too_slow_gets_the_end_without_what_waited() -> None:
    connection, subscriber, way, sent = joined(bound=10)
    connection.transport.room = 0
    subscriber.push(b"a")
    subscriber.wake()
    subscriber.push(b"b" * 11)
    assert subscriber.closed == "slow"
    await way.run()
    assert connection.transport.written == [b"a"]
    assert sent[-1]["more_body"] is False


async def test_a_peer_that_takes_nothing_more_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "LAST_BYTES_SECONDS", 0.05)
    connection, subscriber, _, _ = joined()
    connection.transport.room = 0
    subscriber.push(b"a")
    subscriber.wake()
    subscriber.push(b"b")
    subscriber.close("token_expired")
    await until(lambda: connection.transport.aborted, 1)


async def test_a_transport_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    connection, subscriber, way, _ = joined()

    def fail(_: bytes) -> None:
        raise RuntimeError("unforeseen")

    connection.transport.write = fail  # type: ignore[method-assign]
    subscriber.push(b"a")
    subscriber.wake()
    assert "can't be written to" in caplog.text
    assert connection.transport.aborted
    assert connection.stream is not None
    connection.stream.lost()
    await way.run()
    assert subscriber.closed == "gone"
