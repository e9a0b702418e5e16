"""What it costs to open streams at once, and to keep them open while nothing happens.

    python tests/benchmarks/streams.py --readers 2000 --seconds 20

The whole server, with its limits, on an embedded Postgres. Every reader is another educator with
a token of their own, as after a restart. Printed: streams opened a second and the server's CPU
for each; then memory and CPU while they are idle but for heartbeats; and how fast the same readers
come back, as after a cut of the network. Run it on an otherwise idle machine; 20,000 readers need
as many open files, on both sides.
"""

import argparse
import asyncio
import json
import resource
import select
import socket
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import asyncpg
import figures
import psutil
import uvicorn
from fanout import SECRET, STREAM, free_port, process, wait_for

from classpulse.database.embedded.cluster import embedded
from classpulse.database.install.migrate import migrate
from classpulse.serve.app import create_app
from classpulse.serve.auth import tokens
from classpulse.serve.connections import connection_options
from classpulse.serve.listening import listening_socket
from classpulse.settings import Settings

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into educators (id, school_id, email, full_name)
select n, 1, 'reader' || n || '@school.test', 'Reader' from generate_series(1, $1) as n;
insert into sections (id, school_id, name)
select n, 1, 'Section ' || n from generate_series(1, $1) as n;
insert into section_educators select n, n from generate_series(1, $1) as n
"""


def serve(url: str, port: int) -> None:
    """The server; all readers come from one address."""
    app = create_app(
        Settings(data_dir=Path("/nonexistent"), request_limit=(600, 0)),
        database_url=url,
        listen_url=url,
        jwt_secret=SECRET,
    )
    config = uvicorn.Config(
        app,
        loop="classpulse.serve.listening:event_loop",
        log_level="warning",
        **connection_options(),
    )
    uvicorn.Server(config).run([listening_socket("127.0.0.1", port)])


def request(token: str) -> bytes:
    lines = (f"GET {STREAM} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}")
    return "\r\n".join((*lines, "", "")).encode()


def open_all(port: int, requests: list[bytes], at_once: int) -> list[socket.socket]:
    """Streams that have said ``ready``; so many at a time are on their way."""
    poll = select.epoll()
    waiting: dict[int, tuple[socket.socket, bytes]] = {}
    opened: list[socket.socket] = []
    todo = iter(requests)
    left = len(requests)
    while left:
        while len(waiting) < at_once and (event_filter := next(todo, None)) is not None:
            one = socket.create_connection(("127.0.0.1", port))
            one.sendall(event_filter)
            one.setblocking(False)
            poll.register(one.fileno(), select.EPOLLIN)
            waiting[one.fileno()] = (one, b"")
        for number, _ in poll.poll(10):
            one, got = waiting[number]
            chunk = one.recv(65536)
            got += chunk
            if not chunk or b" 200 " not in got[:20]:
                raise SystemExit(f"refused: {got[:300].decode()}")
            waiting[number] = (one, got)
            if b"event: ready" in got:
                poll.unregister(number)
                del waiting[number]
                opened.append(one)
                left -= 1
    poll.close()
    return opened


def spent(watched: psutil.Process) -> float:
    times = watched.cpu_times()
    return times.user + times.system


async def prepare(url: str, readers: int) -> None:
    await migrate(url)
    connection = await asyncpg.connect(url)
    for statement in SCHOOL.split(";"):
        await connection.execute(statement.replace("$1", str(readers)))
    await connection.execute("analyze")
    await connection.close()


async def folded(url: str) -> None:
    """Until the server has taken in the school, with everybody's rights."""
    connection = await asyncpg.connect(url)
    await connection.execute("call performance_wait(timeout => '120 s')")
    await connection.close()


def measure(url: str, port: int, asked: argparse.Namespace) -> dict[str, float]:
    requests = [
        request(tokens.issue(SECRET, number, "educator", timedelta(hours=12)))
        for number in range(1, asked.readers + 1)
    ]
    warm = requests[:50]
    with process("serve", url, port, script=__file__) as server:
        wait_for(port)
        watched = psutil.Process(server.pid)
        for one in open_all(port, warm, 10):
            one.close()
        asyncio.run(folded(url))
        time.sleep(3)
        memory, cpu, began = watched.memory_info().rss, spent(watched), time.monotonic()
        streams = open_all(port, requests, asked.at_once)
        took, used = time.monotonic() - began, spent(watched) - cpu
        time.sleep(3)
        held = watched.memory_info().rss - memory
        cpu, began = spent(watched), time.monotonic()
        time.sleep(asked.seconds)
        idle = (spent(watched) - cpu) / (time.monotonic() - began)
        for one in streams:
            one.close()
        time.sleep(3)
        began = time.monotonic()
        again = open_all(port, requests, asked.at_once)
        came_back = time.monotonic() - began
        for one in again:
            one.close()
    return {
        "streams": len(streams),
        "opened_a_second": round(len(streams) / took),
        "reopened_a_second": round(len(again) / came_back),
        "cpu_us_to_open_one": round(used / len(streams) * 1e6),
        "kb_each_idle": round(held / 1024 / len(streams), 1),
        "cpu_percent_idle": round(idle * 100, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Opening streams, and keeping them open.")
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=200, help="on their way at a time")
    parser.add_argument("--seconds", type=float, default=20.0, help="to look at them while idle")
    figures.add_option(parser)
    asked = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, embedded(Path(folder, "data")) as postgres:
        asyncio.run(prepare(postgres.url, asked.readers))
        found = measure(postgres.url, free_port(), asked)
    print(json.dumps(found))
    figures.write(asked, found)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", url, port]:
            serve(url, int(port))
        case _:
            main()
