"""Processes as they run in production: servers of their own, and curl reading their streams."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from classpulse.serve.auth import tokens

SECRET = "a secret for tests, of more than 32 bytes"
STREAM = "/api/v1/performance/stream"
_READY_SECONDS = 30
_SOURCE = Path(__file__).parent.parent / "src"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*arguments: str) -> list[str]:
    """The command line as the installed script runs it."""
    return [sys.executable, "-c", "from classpulse.cli import main; main()", *arguments]


def in_the_background(arguments: Sequence[str]) -> list[str]:
    """The same, with Ctrl-C ignored, as a shell starts what is followed by ``&``."""
    return ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *arguments]


def surroundings(**settings: str) -> dict[str, str]:
    """The environment of a process: nobody's settings but these."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CLASSPULSE_")
        and name not in ("DATABASE_URL", "PORT", "WEB_CONCURRENCY")
    }
    path = os.pathsep.join(filter(None, [str(_SOURCE), os.environ.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path, **settings}


@dataclass
class Server:
    """``classpulse serve`` on one port: it can be killed and started again."""

    database_url: str
    log: Path
    port: int = field(default_factory=free_port)
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command("serve", "--port", str(self.port)),
                env=surroundings(
                    DATABASE_URL=self.database_url,
                    CLASSPULSE_JWT_SECRET=SECRET,
                    **self.settings,
                ),
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            with (
                contextlib.suppress(OSError, urllib.error.URLError),
                urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer,
            ):
                if json.load(answer)["live"]:
                    return
            time.sleep(0.05)
        raise AssertionError(f"the server is not ready: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        if self.process is None or self.process.poll() is not None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@dataclass
class Projector:
    """``classpulse project``: it can be killed and started again."""

    database_url: str
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command("project"),
                env=surroundings(DATABASE_URL=self.database_url),
                stdout=log,
                stderr=log,
            )

    def says(self, text: str, seconds: float = _READY_SECONDS) -> None:
        """Wait until its log has it."""
        deadline = time.monotonic() + seconds
        while text not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)

    def led(self) -> int:
        """How often it took the lead."""
        return self.log.read_text().count("projector: leading from ")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(10)


@contextlib.contextmanager
def projecting(database_url: str, log: Path) -> Iterator[Projector]:
    """A projector that leads or stands by; killed at the end."""
    projector = Projector(database_url, log)
    projector.start()
    try:
        projector.says("projector: ")
        yield projector
    finally:
        projector.kill()


@contextlib.contextmanager
def serving(database_url: str, log: Path, **settings: str) -> Iterator[Server]:
    """A server that is ready; stopped at the end."""
    server = Server(database_url, log, settings=settings)
    server.start()
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()


async def admin_token(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    """A token of an admin, whose stream has every event."""
    educator = await connection.fetchval(
        "insert into educators (email, full_name, role) values ($1, 'Admin', 'admin')"
        " on conflict (email) do update set full_name = excluded.full_name returning id",
        "admin@tests.invalid",
    )
    return tokens.issue(SECRET, educator, "admin", timedelta(hours=1))


@dataclass(frozen=True)
class Message:
    """One message of a stream, as curl got it."""

    id: str
    event: str
    data: Any


CONTROL = ("ready", "heartbeat", "token_expiring", "scope_changed")


async def curl(url: str, token: str, last_id: str | None = None) -> AsyncIterator[Message]:
    """The messages that one ``curl -N`` prints, until the connection ends."""
    arguments = ["-sN", "-H", f"Authorization: Bearer {token}"]
    if last_id is not None:
        arguments += ["-H", f"Last-Event-ID: {last_id}"]
    process = await asyncio.create_subprocess_exec(
        "curl",
        *arguments,
        url,
        stdout=asyncio.subprocess.PIPE,
        limit=64 * 2**20,
    )
    assert process.stdout is not None
    try:
        fields: dict[str, str] = {}
        while line := await process.stdout.readline():
            # a line without its end was cut off with the connection, and so was its message
            if not line.endswith(b"\n"):
                break
            text = line.decode().rstrip("\r\n")
            if text:
                name, _, value = text.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                yield Message(
                    fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"])
                )
                fields = {}
            else:
                fields = {}
        await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def follow(
    urls: Sequence[str], token: str, got: Callable[[Message], None], *, pause: float = 0.2
) -> None:
    """Read for ever: reconnect with the last id, taking the servers in turn."""
    last_id = None
    while True:
        for url in urls:
            async with contextlib.aclosing(curl(url, token, last_id)) as messages:
                async for message in messages:
                    last_id = message.id or last_id
                    got(message)
            await asyncio.sleep(pause)
