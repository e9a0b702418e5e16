"""Ten thousand requests over every route: none fails, none hangs, nothing is kept of them."""

import asyncio
import contextlib
import os
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psutil
import pytest
from processes import SECRET, serving
from serve.conftest import password_hash, school_template, school_url  # noqa: F401

from classpulse.serve.auth import tokens

from .requests import Attempt, Attempts

REQUESTS = int(os.environ.get("CLASSPULSE_TEST_FUZZ", "10000"))
SEED = 20_261_125
CLIENTS = 4
SLOWEST_SECONDS = 2.0
#: what the allocator may keep; the first thousand requests came before
GROWTH = 24 * 2**20
ADMIN = 4
EXPECTED = {200, 204, 303, 304, 307, 400, 401, 403, 404, 405, 413, 415, 422, 431}


@pytest.mark.reliability("hostile requests")
async def test_ten_thousand_hostile_requests_break_nothing(
    school_url: str,  # noqa: F811
    tmp_path: Any,
    record_property: Callable[[str, object], None],
) -> None:
    attempts = Attempts(SEED, lambda: tokens.issue(SECRET, ADMIN, "admin", timedelta(hours=1)))
    statuses: Counter[int] = Counter()
    slowest: list[tuple[float, Attempt]] = []
    log = tmp_path / "server.log"
    # the limits would refuse most of it before anything is tried
    unlimited = {"CLASSPULSE_REQUEST_LIMIT": "0", "CLASSPULSE_LOGIN_LIMIT": "0"}
    with serving(school_url, log, **unlimited) as server:
        assert server.process is not None
        process = psutil.Process(server.process.pid)

        async def send(count: int) -> None:
            for _ in range(count):
                attempt = attempts.next()
                began = time.perf_counter()
                status, answer = await answer_to(server.port, attempt)
                slowest.append((time.perf_counter() - began, attempt))
                statuses[status] += 1
                assert status in EXPECTED, (attempt, status, answer[:300])
                assert b"Traceback" not in answer, attempt

        async def send_all(count: int) -> None:
            await asyncio.gather(*(send(count // CLIENTS) for _ in range(CLIENTS)))

        await send_all(REQUESTS // 10)
        before = process.memory_info().rss
        await send_all(REQUESTS - REQUESTS // 10)
        await malformed(server.port)
        await asyncio.sleep(1)
        grown = process.memory_info().rss - before
        assert (await answer_to(server.port, Attempt("GET", "/healthz")))[0] == 200
    slowest.sort(key=lambda one: one[0])
    record_property("requests", sum(statuses.values()))
    record_property("answers by status", dict(sorted(statuses.items())))
    record_property("slowest, ms", round(1000 * slowest[-1][0]))
    record_property("memory grown, MB", round(grown / 2**20, 1))
    assert slowest[-1][0] < SLOWEST_SECONDS, slowest[-1]
    assert grown < GROWTH
    # nothing that a client sends is the server's failure
    failures = re.findall(r"^Traceback.*(?:\n .*)*\n.*", log.read_text(), re.MULTILINE)
    assert not failures, failures[0][-1500:]
    # were everything refused at the door, nothing would have been tried
    assert statuses[200] > REQUESTS / 10


async def answer_to(port: int, attempt: Attempt) -> tuple[int, bytes]:
    """Status and the whole answer, its end being the connection's; of a stream only the head."""
    loop = asyncio.get_running_loop()
    lines = [f"{attempt.method} {attempt.address} HTTP/1.1".encode(), b"Connection: close"]
    names = {name for name, _ in attempt.headers}
    if "Host" not in names:
        lines.append(b"Host: localhost")
    lines += [name.encode() + b": " + value for name, value in attempt.headers]
    if attempt.body is not None:
        lines.append(b"Content-Length: %d" % len(attempt.body))
    got = b""
    with socket.socket() as one:
        one.setblocking(False)
        async with asyncio.timeout(60):
            await loop.sock_connect(one, ("127.0.0.1", port))
            # a body over the limit is refused before all of it was read: the connection is reset,
            # and what was answered can still be read
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(one, b"\r\n".join([*lines, b"", attempt.body or b""]))
            with contextlib.suppress(ConnectionError):
                while chunk := await loop.sock_recv(one, 2**16):
                    got += chunk
                    if b"text/event-stream" in got and b"\r\n\r\n" in got:
                        break
    head = got.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    return int(head.split(b" ", 2)[1]), head


async def malformed(port: int) -> None:
    """What is no HTTP at all: each connection is answered with a 400 or closed, none hangs."""
    draw = random.Random(SEED)
    lines = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET  HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        *(draw.randbytes(200) for _ in range(50)),
    ]
    for line in lines:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(line)
        writer.write_eof()
        async with asyncio.timeout(15):
            head = await reader.read(64)
        writer.close()
        assert not head.startswith(b"HTTP/1.1 5"), (line[:80], head)
