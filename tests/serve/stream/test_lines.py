"""No frame holds what a client may take for the end of a line."""

import json
from typing import Any

import asyncpg
import pytest
from websockets.asyncio.client import ClientConnection

from classpulse.events import EventId, one_line
from serve.live import Feed, Live
from serve.stream.test_stream import live as live
from serve.stream.test_websocket import opened

pytestmark = pytest.mark.reliability("line separators in frames")
Connection = asyncpg.Connection
LINES = "a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i"
WRITE = "update grades set remarks = $1, score = $2 where student_id = 1 and exam_id = 1"


def whole(frame: dict[str, str]) -> dict[str, Any]:
    assert len(frame["data"].splitlines()) == 1
    data: dict[str, Any] = json.loads(frame["data"])
    return data


async def told(feed: Feed) -> dict[str, Any]:
    await feed.until("grade_update")
    return whole(feed.frames[-1])


async def socket_told(socket: ClientConnection) -> dict[str, Any]:
    while True:
        text = await socket.recv()
        assert isinstance(text, str)
        assert len(text.splitlines()) == 1
        data: dict[str, Any] = json.loads(text)
        if data["type"] == "grade_update":
            return data


@pytest.mark.parametrize("query", ["?types=grade_update", "?format=message"])
async def test_live_and_replayed_events_are_one_line_whatever_is_written_in_them(
    live: Live, tool: Connection, query: str
) -> None:
    async with live.stream(query) as feed:
        since = (await feed.until("ready"))["id"]
        await tool.execute(WRITE, LINES, 51)
        assert (await told(feed))["grade_data"]["remarks"] == LINES
    async with live.stream(f"{query}&since={since}") as feed:
        assert (await told(feed))["grade_data"]["remarks"] == LINES
    live.hub.ring.restart(live.hub.position)
    async with live.stream(f"{query}&since={since}") as feed:
        assert (await told(feed))["grade_data"]["remarks"] == LINES


async def test_messages_of_a_socket_are_one_line(live: Live, tool: Connection) -> None:
    async with opened(live) as socket:
        await tool.execute(WRITE, LINES, 52)
        assert (await socket_told(socket))["grade_data"]["remarks"] == LINES


async def test_composed_events_and_overviews_are_one_line(live: Live, tool: Connection) -> None:
    await tool.execute("update sections set name = $1 where id = 1", LINES)
    await tool.execute("insert into section_educators values (2, 1)")
    await tool.execute("call performance_wait(timeout => '10 s')")
    async with live.stream() as feed:
        await feed.until("ready")
        await tool.execute(
            "insert into attendance (student_id, date, status, remarks)"
            " values (1, '2026-01-05', 'late', $1)",
            LINES,
        )
        await feed.until("attendance_update")
        event = whole(feed.frames[-1])
        parts = [event, *event["also"]]
        assert LINES in [part["attendance_data"]["section_name"] for part in parts]
    async with live.stream("?types=performance_update") as feed:
        await feed.until("performance_update")
        assert "\\u2028" in feed.frames[-1]["data"]
        whole(feed.frames[-1])


async def test_an_event_kept_from_before_is_sent_as_one_line(live: Live, tool: Connection) -> None:
    async with live.stream() as feed:
        since = (await feed.until("ready"))["id"]
        await tool.execute(WRITE, LINES, 53)
        event = await told(feed)
    raw = await tool.fetchval(
        "update classpulse.events set payload = $2 where position = $1 returning payload",
        event["position"],
        json.dumps(event, ensure_ascii=False),
    )
    assert "\u2028" in raw
    live.hub.ring.restart(live.hub.position)
    async with live.stream(f"?since={since}") as feed:
        assert (await told(feed)) == event


def test_ascii_costs_nothing() -> None:
    text = json.dumps({"remarks": "is_unfiltered"})
    assert one_line(text) is text


@pytest.mark.parametrize("text", ["", "0", "a", "a-", "-1", "a-b", "a_b-1", "a-1-2", "a-1\n"])
def test_what_is_no_id_of_ours_is_none(text: str) -> None:
    assert EventId.parse(text) is None


def test_an_id_reads_as_it_was_written() -> None:
    assert str(EventId.parse("5f3a-1234")) == "5f3a-1234"
    assert EventId.parse("5f3a-1234") == EventId("5f3a", 1234)
