"""The embedded Postgres is killed under its users: back by itself, nothing lost or repeated."""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO

import asyncpg
import pytest
from processes import STREAM, Message, command, follow, free_port, surroundings

from classpulse.demo.load import load
from classpulse.selftest.client import Client
from classpulse.serve.auth import tokens

BACK_SECONDS = 10
BEFORE, AFTER = 20, 20
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
INSERT = "insert into grades (student_id, subject_id, score, remarks) values (1, 1, 80, $1)"

pytestmark = pytest.mark.reliability("killed embedded Postgres")


@contextmanager
def started(
    data_dir: Path, *arguments: str, log: IO[bytes] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A command on the embedded database, ended in order; ``log`` takes what it says."""
    with subprocess.Popen(
        command(*arguments),
        env=surroundings(CLASSPULSE_DATA_DIR=str(data_dir)),
        stdout=log or subprocess.DEVNULL,
        stderr=log,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


async def connected(url: str, seconds: float = 60) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection as soon as there can be one, as a patient tool has it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await asyncpg.connect(url, timeout=5)
        except LOST:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


async def write(url: str, written: list[str], number: int) -> None:
    """So many grades more, each in its own commit; ``written`` has those acknowledged."""
    connection = await connected(url)
    goal = len(written) + number
    attempt = 0
    while len(written) < goal:
        attempt += 1
        remark = f"killed {goal}-{attempt}"
        try:
            await connection.execute(INSERT, remark)
        except LOST:
            connection = await connected(url)
        else:
            written.append(remark)
            await asyncio.sleep(0.02)
    await connection.close()


@pytest.fixture
def url(data_dir: Path) -> str:
    """The address of an embedded database with a school; it runs only while something uses it."""
    done = subprocess.run(
        command("url"),
        env=surroundings(CLASSPULSE_DATA_DIR=str(data_dir)),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("users", [("demo",), ("serve",), ("demo", "serve")], ids="+".join)
async def test_a_killed_postgres_comes_back_and_every_change_is_told_once(
    data_dir: Path, url: str, users: tuple[str, ...]
) -> None:
    options = {"demo": ["--no-simulate", "--students", "12"], "serve": []}
    ports = [free_port() for _ in users]
    got: list[Message] = []

    listening = asyncio.Event()

    def take(message: Message) -> None:
        if message.event == "ready":
            listening.set()
        if message.event == "grade_update":
            got.append(message)

    with ExitStack() as running:
        for user, port in zip(users, ports, strict=True):
            running.enter_context(started(data_dir, user, *options[user], "--port", str(port)))
        connection = await connected(url)
        await until_ready(ports)
        if users == ("serve",):
            await load(url, students=12)
        admin = await connection.fetchval(
            "insert into educators (email, full_name, role)"
            " values ('a@b.c', 'A', 'admin') returning id"
        )
        await connection.close()
        secret = (data_dir / "jwt-secret").read_text().strip()
        token = tokens.issue(secret, admin, "admin", timedelta(hours=1))
        streams = [f"http://127.0.0.1:{port}{STREAM}" for port in ports]
        reading = asyncio.create_task(follow(streams, token, take))

        # what was told before is nothing that a new reader gets
        await asyncio.wait_for(listening.wait(), 30)
        written: list[str] = []
        await write(url, written, BEFORE)
        writing = asyncio.create_task(write(url, written, AFTER))
        await asyncio.sleep(0.1)
        killed = postmaster(data_dir)
        os.kill(killed, signal.SIGKILL)
        began = time.monotonic()
        await asyncio.sleep(0.2)
        connection = await connected(url)
        assert time.monotonic() - began < BACK_SECONDS
        assert postmaster(data_dir) != killed
        await writing

        rows = await connection.fetch(
            "select id, remarks from grades where remarks like 'killed %'"
        )
        assert set(written) <= {row["remarks"] for row in rows}
        async with asyncio.timeout(30):
            while not {row["id"] for row in rows} <= told(got).keys():
                await asyncio.sleep(0.1)
        reading.cancel()
        await connection.close()
    counted = told(got)
    assert {counted[row["id"]] for row in rows} == {1}
    assert [message.data["position"] for message in got] == sorted(
        {message.data["position"] for message in got}
    )


@pytest.mark.parametrize("user", ["demo", "serve"])
async def test_an_outage_is_a_few_lines_in_the_log_and_no_traceback(
    data_dir: Path, url: str, tmp_path: Path, user: str
) -> None:
    port = free_port()
    arguments = [user, "--port", str(port), *(["--students", "12"] if user == "demo" else [])]
    log = tmp_path / "log"
    with log.open("wb") as file, started(data_dir, *arguments, log=file):
        await until_ready([port])
        async with asyncio.timeout(30):
            while user == "demo" and "Ctrl-C" not in log.read_text():
                await asyncio.sleep(0.1)
        before = len(log.read_text())
        for _ in range(2):
            os.kill(postmaster(data_dir), signal.SIGKILL)
            # longer than the pool's first tries to connect again
            await asyncio.sleep(3)
            await until_ready([port])
        said = log.read_text()[before:]
    assert "Traceback" not in said
    assert all(re.search(r"(INFO|WARNING) [a-z.]+: ", line) for line in said.splitlines()), said
    kinds = Counter(kind for kind in re.findall(r"WARNING (.*? failed), trying again", said))
    assert all(number <= 2 for number in kinds.values()), said


async def until_ready(ports: list[int]) -> None:
    async with asyncio.timeout(60):
        for port in ports:
            client = Client(f"http://127.0.0.1:{port}")
            while True:
                with suppress(OSError):
                    if (await client.request("GET", "/readyz"))[1]["live"]:
                        break
                await asyncio.sleep(0.1)


def told(got: list[Message]) -> Counter[int]:
    return Counter(message.data["grade_data"]["grade_id"] for message in got)
