"""What a stream costs while nothing happens: memory for each, and nothing that grows with them."""

import asyncio
import gc
import socket
import tracemalloc
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import asyncpg
from serve.live import STREAM, Live, listening, token

Connection = asyncpg.Connection
EDUCATORS = 50
STREAMS = 150
AT_ONCE = 10
# Of the Python heap, both ends of each connection: a third is the reader's and the test's loop's.
BYTES_A_STREAM = 15_000
SCHOOL = f"""
insert into schools (id, name) values (1, 'School');
insert into educators (id, school_id, email, full_name, role)
select n, 1, 'e' || n || '@school.test', 'Reader', 'principal'
from generate_series(1, {EDUCATORS}) as n;
insert into sections (id, school_id, name) select n, 1, 'S' || n from generate_series(1, 2000) as n
"""
# As a browser sends them.
HEADERS = "".join(
    f"{name}: {value}\r\n"
    for name, value in {
        "Host": "school.test",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
        "Accept": "text/event-stream",
        "Accept-Language": "en-GB,en;q=0.9,de;q=0.8",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Cache-Control": "no-cache",
        "Referer": "https://school.test/students?sort=average&order=desc",
        "Sec-Fetch-Dest": "empty",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Site": "same-origin",
    }.items()
)


async def opened(live: Live, bearer: str, sockets: ExitStack) -> None:
    loop = asyncio.get_running_loop()
    one = sockets.enter_context(socket.socket())
    one.setblocking(False)
    await loop.sock_connect(one, ("127.0.0.1", live.port))
    request = f"GET {STREAM} HTTP/1.1\r\n{HEADERS}Cookie: classpulse_token={bearer}\r\n\r\n"
    await loop.sock_sendall(one, request.encode())
    got = b""
    while b"event: ready" not in got:
        chunk = await loop.sock_recv(one, 65536)
        assert chunk
        got += chunk


async def all_opened(live: Live, bearers: Sequence[str], sockets: ExitStack) -> None:
    """A few at a time: what counts memory makes all of it slow."""
    for start in range(0, len(bearers), AT_ONCE):
        some = bearers[start : start + AT_ONCE]
        await asyncio.gather(*(opened(live, bearer, sockets) for bearer in some))


def held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def test_an_idle_stream_costs_few_bytes_however_wide_its_scope(
    database_url: str, connection: Connection
) -> None:
    await connection.execute(SCHOOL)
    bearers = [token(1 + number % EDUCATORS) for number in range(STREAMS + EDUCATORS)]
    settings: dict[str, Any] = {"stream_limit": 1000}
    with ExitStack() as sockets:
        async with listening(database_url, **settings) as live:
            # what is measured replaces what these leave: the buffers of the pool's connections, too
            tracemalloc.start()
            try:
                await all_opened(live, bearers[:EDUCATORS], sockets)
                before = held()
                await all_opened(live, bearers[EDUCATORS:], sockets)
                each = (held() - before) / STREAMS
                # all see the 2,000 sections of their school, which are kept once
                assert len(live.hub._index) == 1
                assert each < BYTES_A_STREAM, f"{each:.0f} bytes"
                for number in range(20):
                    live.hub.broadcast("heartbeat", {"number": number})
                    await asyncio.sleep(0)
                # what was written is not kept
                assert (held() - before) / STREAMS < each + 200
            finally:
                tracemalloc.stop()
                sockets.close()
