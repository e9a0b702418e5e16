"""What a delivery costs: the whole server beside a bare uvloop socket server, in one run.

    python tests/benchmarks/fanout.py --readers 1000 --rate 10 --seconds 10 --rounds 3

The two take turns, and the ratio is of the medians. Both send the same frames of about 2 KB to the
same readers. Events are rows of the log, written and notified as the projector does; the server
is the real one but for the projector. Printed: server CPU per delivery, time from just before the
COMMIT (the bare server: from before the sending of the frame) to the receipt, memory per
connection. Run it on an otherwise idle machine.
"""

import argparse
import asyncio
import contextlib
import json
import re
import resource
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import asyncpg
import figures
import psutil
import uvicorn
import uvloop

from classpulse.database.embedded.cluster import embedded
from classpulse.database.install.migrate import migrate
from classpulse.serve.app import create_app
from classpulse.serve.auth import tokens
from classpulse.serve.connections import connection_options
from classpulse.settings import Settings

SECRET = "a secret for benchmarks, of more than 32 bytes"
STREAM = "/api/v1/performance/stream"
NUMBER = re.compile(rb'"number": (\d+)\}')
FILLER = "x" * 1800
EVENT = """
with moved as (update classpulse.state set position = $1, as_of_time = clock_timestamp())
insert into classpulse.events (position, at, type, event, school_id, section_ids, payload)
values ($1, clock_timestamp(), $2, $2, 1, $3, $4)
"""


def payload(epoch: str, position: int, type_: str, **rest: Any) -> str:
    return json.dumps(
        {"type": type_, "event": type_, "id": f"{epoch}-{position}", "position": position} | rest
    )


# The processes: each is this file again, with a first argument of its own.


def serve(url: str, port: int) -> None:
    """The real server; the benchmark itself writes the log, so nobody leads."""
    app = create_app(
        Settings(data_dir=Path("/nonexistent"), request_limit=(0, 0), stream_limit=0),
        database_url=url,
        listen_url=url,
        jwt_secret=SECRET,
    )

    async def nobody_leads() -> None:
        await asyncio.Event().wait()

    app.state.leader.run = nobody_leads
    uvicorn.run(app, port=port, loop="uvloop", log_level="warning", **connection_options())


class Bare(asyncio.Protocol):
    """The least that a server can do: keep the socket, write what comes from the feeder."""

    readers: list[asyncio.Transport] = []  # noqa: RUF012

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET"):
            self.transport.write(b"HTTP/1.1 200 OK\r\n\r\nevent: ready\n\n")
            self.readers.append(self.transport)
        else:
            for reader in self.readers:
                reader.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        with contextlib.suppress(ValueError):
            self.readers.remove(self.transport)


def serve_bare(port: int) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port)
        await server.serve_forever()

    uvloop.run(run())


async def feed(url: str, port: int, count: int, rate: float) -> None:
    """Write events at a steady rate; print when each was committed (or sent)."""
    connection = await asyncpg.connect(url)
    epoch = await connection.fetchval("select epoch from classpulse.state")
    position = await connection.fetchval("select position from classpulse.state")
    _, writer = await asyncio.open_connection("127.0.0.1", port) if port else (None, None)
    committed: list[float] = []
    began = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        position += 1
        text = payload(epoch, position, "grade_update", filler=FILLER, number=number)
        if writer is not None:
            committed.append(time.monotonic())
            frame = f"id: {epoch}-{position}\nevent: grade_update\ndata: {text}\n\n"
            writer.write(frame.encode())
            continue
        block = connection.transaction()
        await block.start()
        await connection.execute(EVENT, position, "grade_update", [1], text)
        await connection.execute("notify classpulse_events")
        committed.append(time.monotonic())
        await block.commit()
        position = await answer_canaries(connection, epoch, position)
    await connection.close()
    print(json.dumps(committed))


async def answer_canaries(connection: Any, epoch: str, position: int) -> int:
    rows = await connection.fetch(
        "delete from classpulse.changes where source = 'canaries' returning new"
    )
    for row in rows:
        position += 1
        canary = json.loads(row["new"])
        text = payload(epoch, position, "_canary", process=canary["process"], beat=canary["beat"])
        async with connection.transaction():
            await connection.execute(EVENT, position, "_canary", [], text)
            await connection.execute("notify classpulse_events")
    return position


# The readers: this process, one epoll for all.


def connect(port: int, readers: int, token: str) -> list[socket.socket]:
    request = (
        f"GET {STREAM} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    sockets = []
    for start in range(0, readers, 50):
        batch = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        for one in batch:
            one.sendall(request)
        for one in batch[: readers - start]:
            one.settimeout(20)
            got = b""
            while b"event: ready" not in got or not got.endswith((b"\n\n", b"\n\r\n")):
                got += one.recv(65536)
            one.setblocking(False)
        sockets += batch
    return sockets


def receive(sockets: list[socket.socket], count: int, seconds: float) -> list[tuple[int, float]]:
    """Read for a while: which event arrived when, over all readers."""
    poll = select.epoll()
    by_number = {one.fileno(): one for one in sockets}
    tails = dict.fromkeys(by_number, b"")
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    got: list[tuple[int, float]] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(got) < count * len(sockets):
        for number, _ in poll.poll(0.2):
            chunk = by_number[number].recv(262144)
            now = time.monotonic()
            if not chunk:
                raise SystemExit("the server closed a stream")
            text, last = tails[number] + chunk, 0
            for match in NUMBER.finditer(text):
                got.append((int(match[1]), now))
                last = match.end()
            tails[number] = text[last:][-64:]
    poll.close()
    return got


@contextlib.contextmanager
def process(
    *arguments: object, script: str = __file__, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen([sys.executable, script, *map(str, arguments)], **options)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(10)


def wait_for(port: int) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit("the server does not listen")


def measure(name: str, url: str, arguments: list[object], port: int, asked: Any) -> list[float]:
    """One server under the load; prints its line, returns CPU per delivery and p99."""
    token = tokens.issue(SECRET, 1, "educator", timedelta(hours=1))
    count = int(asked.rate * asked.seconds)
    with process(*arguments) as server:
        wait_for(port)
        watched = psutil.Process(server.pid)
        for warm in connect(port, 50, token):
            warm.close()
        time.sleep(1)
        before = watched.memory_info().rss
        sockets = connect(port, asked.readers, token)
        time.sleep(1)
        idle = watched.memory_info().rss
        cpu = watched.cpu_times()
        fed = port if name == "bare" else 0
        with process("feed", url, fed, count, asked.rate, stdout=subprocess.PIPE) as feeder:
            got = receive(sockets, count, asked.seconds + 15)
            used = watched.cpu_times()
            out, _ = feeder.communicate(timeout=20)
        full = watched.memory_info().rss
        for one in sockets:
            one.close()
    committed = json.loads(out)
    late = sorted(when - committed[number] for number, when in got)
    spent = used.user + used.system - cpu.user - cpu.system
    expected = count * len(sockets)
    per_delivery = spent / max(1, len(got)) * 1e6
    p50, p99 = late[len(late) // 2] * 1e3, late[int(len(late) * 0.99)] * 1e3
    print(
        f"{name:>10}: {len(got)}/{expected} deliveries  cpu {per_delivery:5.1f} µs each"
        f"  p50 {p50:5.1f} ms  p99 {p99:5.1f} ms"
        f"  memory {(idle - before) / 1024 / len(sockets):5.1f} KB a connection idle,"
        f" {(full - before) / 1024 / len(sockets):5.1f} KB after"
    )
    return [per_delivery, p99]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


async def prepare(url: str) -> None:
    await migrate(url)
    connection = await asyncpg.connect(url)
    await connection.execute(
        "insert into schools (id, name) values (1, 'School');"
        " insert into educators (id, school_id, email, full_name)"
        " values (1, 1, 'reader@school.test', 'Reader');"
        " insert into sections (id, school_id, name) values (1, 1, '10-A');"
        " insert into section_educators values (1, 1)"
    )
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Fan-out beside a bare uvloop server.")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=10.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=1, help="turns of each of the two")
    figures.add_option(parser)
    asked = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    with tempfile.TemporaryDirectory() as folder, embedded(Path(folder, "data")) as postgres:
        asyncio.run(prepare(postgres.url))
        bare, ours = [], []
        for _ in range(asked.rounds):
            port = free_port()
            bare.append(measure("bare", postgres.url, ["bare", port], port, asked))
            port = free_port()
            ours.append(
                measure("classpulse", postgres.url, ["serve", postgres.url, port], port, asked)
            )
    own, of_bare = (
        [statistics.median(one[part] for one in turns) for part in (0, 1)] for turns in (ours, bare)
    )
    cpu, p99 = own[0] / of_bare[0], own[1] / of_bare[1]
    print(f"     ratio: cpu {cpu:.2f}  p99 {p99:.2f}")
    figures.write(
        asked, {"cpu ratio": cpu, "p99 ratio": p99, "cpu us": own[0], "bare cpu us": of_bare[0]}
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", url, port]:
            serve(url, int(port))
        case ["bare", port]:
            serve_bare(int(port))
        case ["feed", url, port, count, rate]:
            asyncio.run(feed(url, int(port), int(count), float(rate)))
        case _:
            main()
