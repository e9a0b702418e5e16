"""A statement below the bulk bound, on a link that needs many seconds for what it changed."""

import asyncio
import socket
import time

import asyncpg
import pytest
import uvicorn
from event_log import until

from classpulse.serve.connections import connection_options
from classpulse.serve.listening import listening_socket
from serve.live import STREAM, Feed, Live, listening, token

Connection = asyncpg.Connection
SECTIONS, GRADES = 25, 1900
WIDE = f"""
insert into subjects (id, school_id, code, name) values (900, 1, 'WI', 'Wide');
insert into sections (id, school_id, name)
select 1000 + n, 1, 'Wide ' || n from generate_series(1, {SECTIONS}) as n;
insert into students (id, school_id, student_number, first_name, last_name)
select 1000 + n, 1, 'W' || n, 'Wide', 'Student ' || n from generate_series(1, 90) as n;
insert into enrollments (student_id, section_id)
select 1000 + s, 1000 + n from generate_series(1, 90) as s, generate_series(1, {SECTIONS}) as n;
insert into exams (id, section_id, subject_id, name, total_marks)
select 1000 + n, 1000 + n, 900, 'Exam', 100 from generate_series(1, {SECTIONS}) as n;
"""
IMPORT = f"""
insert into grades (student_id, exam_id, score)
select 1000 + s, 1000 + n, (s * n) % 100
from generate_series(1, {GRADES // SECTIONS}) as s, generate_series(1, {SECTIONS}) as n
"""
# What a link takes in a second, and what it has under way at most.
BYTES_A_SECOND = 600_000
WINDOW = 32 * 1024


async def raw_stream(port: int, window: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    peer.setblocking(False)
    await loop.sock_connect(peer, ("127.0.0.1", port))
    request = f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(4)}\r\n\r\n"
    await loop.sock_sendall(peer, request.encode())
    return peer


class Paced(asyncio.StreamReader):
    """What a socket receives at the pace of a slow link."""

    async def fill(self, peer: socket.socket) -> None:
        began, taken = time.monotonic(), 0
        while chunk := await asyncio.get_running_loop().sock_recv(peer, 16_384):
            self.feed_data(chunk)
            taken += len(chunk)
            ahead = taken / BYTES_A_SECOND - (time.monotonic() - began)
            if ahead > 0:
                await asyncio.sleep(ahead)
        self.feed_eof()


async def test_an_import_reaches_a_slow_link_whole_and_delays_nobody(
    school_url: str, tool: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(school_url) as live:
        await until(lambda: live.app.state.leader.leading, 10)
        await tool.execute(WIDE)
        await tool.execute("call performance_wait(timeout => '30 s')")
        # as `classpulse serve` listens, with a kernel that holds no more than a far peer's window
        listener = listening_socket("127.0.0.1", 0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WINDOW)
        config = uvicorn.Config(
            live.app, log_level="warning", lifespan="off", **connection_options()
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        port = listener.getsockname()[1]
        slow, deaf = await raw_stream(port, WINDOW), await raw_stream(port, WINDOW)
        reader = Paced(limit=2**24)
        filling = asyncio.create_task(reader.fill(slow))
        await reader.readuntil(b"\r\n\r\n")
        feed = Feed(reader, None, 200, {})  # type: ignore[arg-type]
        async with Live(live.app, live.port).stream(educator=4) as quick:
            await quick.until("ready")
            await feed.until("ready")
            await tool.execute(IMPORT)

            async def grades(one: Feed) -> list[int]:
                return [(await one.until("grade_update", 60))["position"] for _ in range(GRADES)]

            quickly = await asyncio.wait_for(grades(quick), 60)
            slowly = await asyncio.wait_for(grades(feed), 60)
            assert slowly == quickly
            # the one that never read is let go
            await until(lambda: len(live.hub) == 2, 20)
            assert not filling.done()
        filling.cancel()
        slow.close()
        deaf.close()
        server.should_exit = True
        await serving
