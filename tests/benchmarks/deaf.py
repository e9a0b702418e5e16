"""Readers that never read, under a steady load: memory at the peak, and what others wait.

    python tests/benchmarks/deaf.py --readers 500 --rate 1000 --seconds 40

A separate server on an embedded Postgres. Printed: resident memory before and at the peak, the
longest and the median overview meanwhile, and how many streams the server closed.
"""

import argparse
import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import figures
import psutil

from classpulse.database.embedded.cluster import embedded
from classpulse.database.install.migrate import migrate
from classpulse.serve.auth import tokens

SECRET = "a secret for benchmarks, of more than 32 bytes"
API = "/api/v1/performance"
SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into educators (id, school_id, email, full_name, role)
select n, 1, 'head' || n || '@school.test', 'Head', 'principal' from generate_series(1, 500) as n;
insert into subjects (id, school_id, code, name) values (1, 1, 'MA', 'Mathematics');
insert into sections (id, school_id, name) select n, 1, 'S' || n from generate_series(1, 20) as n;
insert into students (id, school_id, student_number, first_name, last_name)
select n, 1, n::text, 'First' || n, 'Last' || n from generate_series(1, 1000) as n;
insert into enrollments (student_id, section_id)
select n, 1 + n % 20 from generate_series(1, 1000) as n;
insert into exams (id, section_id, subject_id, name, total_marks)
select n, n, 1, 'Exam', 100 from generate_series(1, 20) as n;
insert into grades (student_id, exam_id, score)
select n, 1 + n % 20, 50 from generate_series(1, 1000) as n;
"""
CHANGE = "update grades set score = (score + 7) % 100 where student_id between $1 and $1 + $2 - 1"


def environment(url: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "CLASSPULSE_JWT_SECRET": SECRET,
        "CLASSPULSE_REQUEST_LIMIT": "0",
    }


def token(educator: int) -> str:
    return tokens.issue(SECRET, educator, "principal", timedelta(hours=1))


def open_deaf(port: int, readers: int) -> list[socket.socket]:
    opened = []
    for number in range(readers):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(
            f"GET {API}/stream HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {token(number % 500 + 1)}\r\n\r\n".encode()
        )
        one.settimeout(30)
        assert b"200" in one.recv(64)
        opened.append(one)
    return opened


def ask(port: int, path: str) -> float:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token(1)}"}
    )
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()
    return time.monotonic() - began


def position(port: int) -> int:
    """The last event that was handed out; a server that is not ready says so, too."""
    try:
        answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return int(json.load(answer)["position"])


async def write(url: str, rate: int, seconds: float) -> None:
    connection = await asyncpg.connect(url)
    began = time.monotonic()
    rows = rate // 10
    for number in range(int(seconds * 10)):
        await anyio.sleep(max(0.0, began + number / 10 - time.monotonic()))
        await connection.execute(CHANGE, number * rows % 1000 + 1, rows)
    await connection.close()


async def prepare(url: str) -> None:
    await migrate(url)
    connection = await asyncpg.connect(url)
    await connection.execute(SCHOOL)
    await connection.close()


@contextlib.contextmanager
def server(url: str) -> Any:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["serve", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-c", "from classpulse.cli import main; main()", *arguments],
        env=environment(url),
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                ask(port, "/readyz")
                break
            time.sleep(0.1)
        yield process, port
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description="Readers that never read.")
    parser.add_argument("--readers", type=int, default=500)
    parser.add_argument("--rate", type=int, default=1000, help="rows a second")
    parser.add_argument("--seconds", type=float, default=40.0)
    figures.add_option(parser)
    asked = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(run, Path(folder, "data"), asked)


async def run(folder: Path, asked: Any) -> None:
    async with embedded(folder) as postgres:
        await prepare(postgres.url)
        await anyio.to_thread.run_sync(measure, postgres.url, asked)


def measure(url: str, asked: Any) -> None:
    with server(url) as (process, port):
        watched = psutil.Process(process.pid)
        sockets = open_deaf(port, asked.readers)
        time.sleep(1)
        before = peak = watched.memory_info().rss
        waits: list[float] = []
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                waits.append(ask(port, f"{API}/overview"))
                time.sleep(0.05)

        looking = threading.Thread(target=look)
        writing = threading.Thread(target=anyio.run, args=(write, url, asked.rate, asked.seconds))
        looking.start()
        writing.start()
        while writing.is_alive():
            peak = max(peak, watched.memory_info().rss)
            time.sleep(0.02)
        done.set()
        looking.join()
        handed_out = position(port)
        left = sum(one.status == "ESTABLISHED" for one in watched.net_connections("tcp"))
        found = {
            "before_mb": round(before / 2**20),
            "peak_mb": round(peak / 2**20),
            "longest_ms": round(max(waits) * 1000),
            "median_ms": round(statistics.median(waits) * 1000),
            "answers": len(waits),
            "events": handed_out,
            "still_open": left,
        }
        print(json.dumps(found))
        figures.write(asked, found)
        for one in sockets:
            one.close()


if __name__ == "__main__":
    main()
