"""The stream, on a real socket, over the real pipeline."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest
from event_log import until

from classpulse.publish.publisher import Publisher
from classpulse.serve import app
from classpulse.serve.stream import endpoint, outlet
from serve.live import STREAM, Live, listening, token

Connection = asyncpg.Connection
GRADE = "update grades set score = $1 where student_id = $2 and exam_id = 1"


@pytest.fixture
async def live(school_url: str, tool: Connection) -> AsyncIterator[Live]:
    async with listening(school_url) as live:
        # a copied database has an epoch of its own, which its leader begins
        await until(lambda: live.app.state.leader.leading, 10)
        epoch = await tool.fetchval("select epoch from classpulse.state")
        await until(lambda: live.hub.epoch == epoch)
        yield live


async def test_a_stream_begins_with_a_retry_hint_and_ready(live: Live) -> None:
    async with live.stream() as feed:
        assert feed.status == 200
        assert feed.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert feed.headers["cache-control"] == "no-store"
        assert feed.headers["x-accel-buffering"] == "no"
        assert (await feed.next()) == {"": "classpulse"}
        assert 500 <= int((await feed.next())["retry"]) <= 5000
        ready = await feed.next()
        assert ready["event"] == "ready"
        data = json.loads(ready["data"])
        assert data["as_of"] == ready["id"] == live.hub.as_of
        assert data["as_of_time"].endswith("Z")
        assert data["scope"] == {
            "educator_id": 1,
            "everything": False,
            "school_id": None,
            "sections": [1, 4],
        }


async def test_a_write_by_sql_reaches_the_stream(live: Live, tool: Connection) -> None:
    async with live.stream() as feed:
        await feed.until("ready")
        await tool.execute(GRADE, 99, 4)
        update = await feed.until("grade_update")
        frame = feed.frames[-1]
        assert frame["event"] == "grade_update"
        assert frame["id"] == update["id"]
        assert update["grade_data"]["score"] == 99
        assert update["performance_data"]["section_id"] == 1


async def test_every_way_to_name_an_id_resumes(live: Live, tool: Connection) -> None:
    async with live.stream() as feed:
        ready = await feed.until("ready")
    for score in (51, 52, 53):
        await tool.execute(GRADE, score, 4)
    await tool.execute("call performance_wait()")
    ways = [
        (f"?since={ready['as_of']}", {}),
        (f"?lastEventId={ready['as_of']}", {}),
        ("", {"Last-Event-ID": ready["as_of"]}),
        ("?since=0", {"Last-Event-ID": ready["as_of"]}),
    ]
    for query, headers in ways:
        async with live.stream(query, **headers) as feed:
            start = await feed.until("ready")
            assert start["id"] == ready["as_of"]
            scores = [(await feed.until("grade_update"))["grade_data"]["score"] for _ in range(3)]
            assert scores == [51, 52, 53]


async def test_a_malformed_header_gets_a_reset(live: Live) -> None:
    async with live.stream(**{"Last-Event-ID": "nonsense\x80"}) as feed:
        assert (await feed.until("reset"))["reason"] == "malformed"
        assert feed.frames[-1]["id"] == live.hub.as_of


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?since=nonsense", 400),
        ("?since=1&since=2", 400),
        ("?since=", 400),
        ("?lastEventId=x-y", 400),
        ("?type=grade_update", 400),
        ("?types=nonsense", 400),
        ("?types=grade_update,nonsense", 400),
        ("?types=", 400),
        ("?section_id=x", 400),
        ("?format=json", 400),
        ("?section_id=2", 404),
        ("?section_id=1&section_id=3", 404),
        ("?section_id=99999999999999999999", 400),
        ("?subject_id=3", 404),
        ("?student_id=20", 404),
    ],
)
async def test_what_cannot_be_answered_is_a_problem(live: Live, query: str, status: int) -> None:
    async with live.stream(query) as feed:
        assert feed.status == status
        assert feed.headers["content-type"] == "application/problem+json"
        assert json.loads(await feed.body())["status"] == status


async def test_without_a_token_there_is_no_stream(live: Live) -> None:
    async with live.request("GET", STREAM, {}) as feed:
        assert feed.status == 401
    async with live.stream(bearer=token(ttl=-5)) as feed:
        assert feed.status == 401


async def test_other_methods_are_answered(live: Live) -> None:
    headers = {"Authorization": f"Bearer {token()}"}
    async with live.request("HEAD", STREAM, headers) as feed:
        assert feed.status == 200
        assert feed.headers["content-type"].startswith("text/event-stream")
        assert await feed.reader.read() == b""
    async with live.request("POST", STREAM, {**headers, "Content-Length": "0"}) as feed:
        assert feed.status == 405
    assert len(live.hub) == 0


async def test_format_message_leaves_out_the_event_line(live: Live, tool: Connection) -> None:
    async with live.stream("?format=message") as feed:
        await feed.until("ready")
        await tool.execute(GRADE, 98, 4)
        await feed.until("grade_update")
        assert not any("event" in frame for frame in feed.frames)
        assert feed.frames[-1]["id"]


@pytest.mark.parametrize(
    "types",
    [
        "types=grade_update&types=exam_created",
        "types=exam_created,grade_update",
        "types=heartbeat,grade_update&types=ready",
    ],
)
async def test_filters_choose(live: Live, tool: Connection, types: str) -> None:
    query = f"?{types}&student_id=5&section_id=1&subject_id=1"
    async with live.stream(query) as feed:
        await feed.until("ready")
        await tool.execute(GRADE, 98, 4)
        await tool.execute(GRADE, 97, 5)
        assert (await feed.until("grade_update"))["grade_data"]["student_id"] == 5


async def test_a_name_cannot_forge_a_field(live: Live, tool: Connection) -> None:
    name = "Eve\r\nevent: reset\ndata: {}\n\n\u2028<b>&"
    await tool.execute("update students set first_name = $1 where id = 4", name)
    await tool.execute("call performance_wait()")
    async with live.stream() as feed:
        await feed.until("ready")
        await tool.execute(GRADE, 98, 4)
        update = await feed.until("grade_update")
        assert update["grade_data"]["student_name"].startswith("Eve\r\nevent: reset\n")
        assert set(feed.frames[-1]) == {"id", "event", "data"}


async def test_the_overview_comes_at_the_start_and_merged(live: Live, tool: Connection) -> None:
    async with live.stream("?types=performance_update") as feed:
        first = await feed.until("performance_update")
        assert first["totals"]["total_sections"] == 1
        assert "id" not in feed.frames[-1]
        for score in range(20):
            await tool.execute(GRADE, score, 4)
        await tool.execute("call performance_wait()")
        second = await feed.until("performance_update")
        assert second["totals"]["overall_average"] != first["totals"]["overall_average"]
        assert not any(frame.get("event") == "grade_update" for frame in feed.frames)
    async with live.stream() as feed:
        await feed.until("ready")
        await tool.execute(GRADE, 60, 4)
        await feed.until("grade_update")
        with pytest.raises(TimeoutError):
            await feed.until("performance_update", 0.8)


async def test_a_section_taken_away_is_silent_within_a_second(live: Live, tool: Connection) -> None:
    async with live.stream() as feed, live.stream(educator=3) as head:
        await feed.until("ready")
        await tool.execute("delete from section_educators where educator_id = 1 and section_id = 1")
        await feed.until("scope_changed", 1)
        await tool.execute(GRADE, 98, 4)
        await head.until("grade_update")
        await tool.execute("insert into section_educators values (1, 1)")
        await feed.until("scope_changed", 1)
        await tool.execute(GRADE, 97, 4)
        assert (await feed.until("grade_update"))["grade_data"]["score"] == 97


async def test_rights_and_changes_in_one_commit_show_nothing_of_what_was_taken(
    live: Live, tool: Connection
) -> None:
    async with live.stream() as feed:
        await feed.until("ready")
        async with tool.transaction():
            await tool.execute(GRADE, 98, 4)
            await tool.execute(
                "delete from section_educators where educator_id = 1 and section_id = 1"
            )
        await feed.until("scope_changed")
        with pytest.raises(TimeoutError):
            await feed.until("grade_update", 0.5)


async def test_a_deactivated_educators_stream_ends(live: Live, tool: Connection) -> None:
    async with live.stream() as feed:
        await feed.until("ready")
        await tool.execute("update educators set is_active = false where id = 1")
        await feed.end(1)
    async with live.stream() as feed:
        assert feed.status == 401


async def test_signing_out_ends_the_stream_of_that_token(live: Live, tool: Connection) -> None:
    async with live.stream() as feed, live.stream() as other:
        await feed.until("ready")
        await other.until("ready")
        (subscriber, _) = live.hub.everybody()
        await tool.execute(
            "insert into classpulse.revoked_tokens values ($1, 1, now() + interval '1 hour')",
            subscriber.bearer.jti,
        )
        await feed.end(1)
        await tool.execute(GRADE, 98, 4)
        await other.until("grade_update")


async def test_a_token_that_ends_is_told_and_then_closes(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "TOKEN_WARNING", 1.0)
    async with live.stream(bearer=token(ttl=2)) as feed:
        await feed.until("ready")
        told = await feed.until("token_expiring", 3)
        assert isinstance(told["expires_at"], int)
        await feed.end(4)


async def test_a_token_about_to_end_is_told_at_once(live: Live) -> None:
    async with live.stream(bearer=token(ttl=30)) as feed:
        await feed.until("ready")
        await feed.until("token_expiring", 1)


async def test_a_client_that_leaves_is_forgotten_promptly(live: Live) -> None:
    async with live.stream() as feed:
        await feed.until("ready")
        assert len(live.hub) == 1
    await until(lambda: len(live.hub) == 0, 1)


async def test_a_reader_that_never_reads_is_let_go_in_bounded_memory(
    live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outlet, "LAST_BYTES_SECONDS", 0.2)
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect(("127.0.0.1", live.port))
    peer.sendall(
        f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token()}\r\n\r\n".encode()
    )
    await until(lambda: len(live.hub) == 1)
    (subscriber,) = live.hub.everybody()
    await until(lambda: subscriber.attached)
    async with live.stream() as good:
        await good.until("ready")
        filler, most = "x" * 60_000, 0
        for number in range(200):
            live.hub.broadcast("heartbeat", {"filler": filler, "number": number})
            most = max(most, subscriber.size)
            data = await good.until("heartbeat")
            while "number" not in data:  # the server's own
                data = await good.until("heartbeat")
            assert data["number"] == number
            if subscriber.closed:
                break
        assert subscriber.closed == "slow"
        assert most <= subscriber.bound
        assert subscriber.buffer == []
        await until(lambda: len(live.hub) == 1, 2)
    peer.close()
    assert "Exception" not in caplog.text


async def test_a_slow_reader_that_reads_on_gets_the_end_and_resumes_without_loss(
    live: Live, tool: Connection
) -> None:
    async with live.stream() as feed:
        await feed.until("ready")
        (subscriber,) = live.hub.everybody()
        start = live.hub.as_of
        live.hub.end(subscriber, "slow")
        await feed.end()
    await tool.execute(GRADE, 98, 4)
    await tool.execute("call performance_wait()")
    async with live.stream(f"?since={start}") as feed:
        assert (await feed.until("grade_update"))["grade_data"]["score"] == 98


async def test_heartbeats_prove_the_whole_way(
    school_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "Publisher", partial(Publisher, heartbeat_every=0.2))
    async with listening(school_url) as live, live.stream() as feed:
        heartbeat = await feed.until("heartbeat", 15)
        assert heartbeat["as_of_time"].endswith("Z")
        assert heartbeat["lag_ms"] >= 0
        assert feed.frames[-1]["id"].startswith(live.hub.epoch)


async def test_every_stream_is_told_another_moment_to_come_back(live: Live) -> None:
    feeds = []
    async with asyncio.TaskGroup() as tasks:

        async def one() -> None:
            async with live.stream() as feed:
                await feed.until("ready")
                feeds.append(feed)
                await feed.end()

        for _ in range(20):
            tasks.create_task(one())
        await until(lambda: len(feeds) == 20)
        from classpulse.serve.stream.shutdown import end_streams

        end_streams(live.hub)
    retries = {feed.frames[-1]["retry"] for feed in feeds}
    assert len(retries) > 10
    async with live.stream() as feed:
        assert feed.status == 503
        assert "retry-after" in feed.headers
