"""Writing to a connection: at once while the peer reads, in order and complete when it does not."""

import asyncio
import logging
from typing import Any

import pytest
from event_log import as_json, until

from classpulse.events import Scope
from classpulse.publish.deadlines import Deadlines
from classpulse.publish.deaf import Deaf
from classpulse.publish.subscriber import Message, Subscriber
from classpulse.serve.stream.endpoint import Frames
from classpulse.serve.stream.outlet import PIECE_BYTES, Outlet
from classpulse.serve.stream.websocket import Messages, text_frame


class Peer:
    """The other side of an ASGI connection: it can stop reading, or be gone."""

    def __init__(self) -> None:
        self.got: list[bytes | str] = []
        self.ended = False
        self.reads = asyncio.Event()
        self.reads.set()
        self.error: Exception | None = None
        self.left = asyncio.Event()

    async def send(self, message: Any) -> None:
        if not self.reads.is_set():
            await self.reads.wait()
        if self.error is not None:
            raise self.error
        self.got.append(message.get("body") or message.get("text") or b"")
        self.ended = self.ended or message.get("more_body") is False or "code" in message
        if self.ended:
            self.left.set()

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}


def joined(framing: Any, **options: Any) -> tuple[Peer, Subscriber, Outlet]:
    peer = Peer()
    subscriber = Subscriber(Scope(), educator_id=1, encode=as_json, **options)
    outlet = Outlet(subscriber, framing, peer.receive, peer.send, Deadlines(), Deaf())
    subscriber.wake = outlet.flush
    return peer, subscriber, outlet


async def test_what_waits_is_written_at_once_in_one_part() -> None:
    peer, subscriber, _ = joined(Frames())
    subscriber.push(b"a")
    subscriber.push(b"b")
    subscriber.wake()
    # without giving the loop a turn
    assert peer.got == [b"ab"]


@pytest.mark.parametrize("framing", [Frames(), Messages()])
async def test_a_peer_that_pauses_gets_everything_in_order(framing: Any) -> None:
    peer, subscriber, _ = joined(framing)
    for number in range(100):
        if number in (10, 50):
            peer.reads.clear()
        subscriber.push(b"%d " % number)
        if number % 3 == 0:
            subscriber.wake()
        if number == 40:
            assert subscriber.busy
            peer.reads.set()
            await subscriber.wait_until_drained()
    peer.reads.set()
    subscriber.wake()
    await until(lambda: not subscriber.busy)
    text = "".join(one if isinstance(one, str) else one.decode() for one in peer.got)
    assert text.split() == [str(number) for number in range(100)]


async def test_the_end_comes_after_what_waits() -> None:
    peer, subscriber, outlet = joined(Frames())
    peer.reads.clear()
    subscriber.push(b"a")
    subscriber.wake()
    subscriber.push(b"b")
    subscriber.close("shutdown", b"bye")
    peer.reads.set()
    await outlet.run()
    assert peer.got == [b"a", b"b", b"bye"]


async def test_a_peer_too_slow_gets_the_end_without_what_waited() -> None:
    peer, subscriber, outlet = joined(Frames(), bound=10)
    peer.reads.clear()
    subscriber.push(b"a")
    subscriber.wake()
    subscriber.push(b"b" * 11)
    assert subscriber.closed == "slow"
    peer.reads.set()
    await outlet.run()
    assert peer.got == [b"a", b""]
    assert peer.ended


@pytest.mark.parametrize("waiting", [False, True])
async def test_a_connection_that_fails_harms_nobody(
    waiting: bool, caplog: pytest.LogCaptureFixture
) -> None:
    peer, subscriber, outlet = joined(Messages())
    peer.error = ConnectionResetError()
    if waiting:
        peer.reads.clear()
    subscriber.push(b"a")
    subscriber.wake()
    peer.reads.set()
    await until(lambda: not subscriber.busy)
    subscriber.push(b"b")
    subscriber.wake()
    peer.left.set()
    await outlet.run()
    assert subscriber.closed == "gone"
    assert not caplog.records


async def test_an_unforeseen_error_is_logged_and_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    peer, subscriber, _ = joined(Messages())
    peer.error = RuntimeError("unforeseen")
    subscriber.push(b"a")
    with caplog.at_level(logging.ERROR):
        subscriber.wake()
    assert "can't be written to" in caplog.text


@pytest.mark.parametrize("framing", [Frames(), Messages()], ids=["stream", "socket"])
async def test_a_peer_that_does_not_read_holds_a_piece_and_no_more(framing: Any) -> None:
    peer, subscriber, outlet = joined(framing)
    handed: list[Any] = []

    async def send(message: Any) -> None:
        handed.append(message)
        await peer.send(message)

    outlet._send = send
    peer.reads.clear()
    frame = b"x" * 1000
    for _ in range(900):
        subscriber.push(frame)
    subscriber.wake()
    await asyncio.sleep(0)
    # what is copied for it alone; the rest waits as everybody's
    assert sum(len(one.get("body") or one.get("text")) for one in handed) <= PIECE_BYTES
    assert all(one is frame for one in subscriber.buffer)
    peer.reads.set()
    await until(lambda: sum(map(len, peer.got)) == 900_000)


async def test_what_goes_to_many_sockets_is_made_a_message_once() -> None:
    frame = text_frame(Message("grade_update", '{"type": "grade_update"}', "e-1"))
    handed: list[Any] = []
    for _ in range(3):
        _, subscriber, outlet = joined(Messages())

        async def send(message: Any) -> None:
            handed.append(message)

        outlet._send = send
        subscriber.push(frame)
        subscriber.wake()
    assert len(handed) == 3
    assert all(one is frame.message for one in handed)
    assert frame.message["text"].encode() == frame
