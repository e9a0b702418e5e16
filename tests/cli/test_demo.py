"""The first command of the README, as a user runs it."""

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from processes import command, free_port, surroundings

START_SECONDS = 40


@dataclass
class Demo:
    """A running demo, and what it has printed so far."""

    process: "subprocess.Popen[str]"
    data_dir: Path
    lines: list[str] = field(default_factory=list)

    def line(self, pattern: str) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for line in list(self.lines):
                if re.search(pattern, line):
                    return line.strip()
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"no line like {pattern!r} in: {self.lines}")

    @property
    def url(self) -> str:
        return self.line("is running: ").rpartition(" ")[2]

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)

    def postgres_runs(self) -> bool:
        return any(
            process.info["cwd"] == str(self.data_dir / "postgres")
            for process in psutil.process_iter(["cwd"])
        )


@contextlib.contextmanager
def demo(data_dir: Path, *options: str) -> Iterator[Demo]:
    process = subprocess.Popen(
        command("demo", "--data-dir", str(data_dir), "--students", "12", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # a database that must not be touched, nor be the one that pasted lines reach; nor need
        # its address be one that other commands would take
        env=surroundings(
            DATABASE_URL="mysql://127.0.0.1:1/elsewhere",
            CLASSPULSE_LISTEN_URL="nowhere",
            PYTHONUNBUFFERED="1",
        ),
        start_new_session=True,
    )
    running = Demo(process, data_dir)
    reading = threading.Thread(target=running.read)
    reading.start()
    try:
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(15)
        reading.join()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Made once for this module; outside of pytest's folders, which it closes to other users."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder).resolve() / "a demo's data"


@pytest.fixture
def on_path(tmp_path: Path) -> str:
    """A PATH on which ``classpulse`` is this checkout's."""
    script = tmp_path / "classpulse"
    run = shlex.join(command())
    script.write_text(f'#!/bin/sh\nexec {run} "$@"\n')
    script.chmod(0o755)
    return os.pathsep.join([str(tmp_path), os.environ["PATH"]])


def test_what_it_prints_can_be_pasted(data_dir: Path, on_path: str) -> None:
    with demo(data_dir, "--port", str(free_port()), "--no-simulate") as running:
        listen, insert = running.line("curl -N"), running.line("insert into")
        with urllib.request.urlopen(f"{running.url}/healthz", timeout=5) as answer:
            assert answer.status == 200
        elsewhere = surroundings(PATH=on_path, DATABASE_URL="postgresql://127.0.0.1:1/elsewhere")
        with subprocess.Popen(
            ["sh", "-c", f"exec {listen}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as curl:
            assert curl.stdout is not None
            for line in curl.stdout:
                if line.startswith(b"event: ready"):
                    break
            for _ in range(2):
                pasted = subprocess.run(
                    ["sh", "-c", insert], env=elsewhere, capture_output=True, text=True, check=False
                )
                assert (pasted.stdout, pasted.stderr) == ("INSERT 0 1\n", "")
            for line in curl.stdout:
                if line.startswith(b"data: ") and b"grade_update" in line:
                    assert json.loads(line[6:])["grade_data"]["score"] == 97
                    break
            curl.kill()
        body = re.search(r"log in as (\S+) with the password (\S+)", "".join(running.lines))
        assert body is not None
        request = urllib.request.Request(
            f"{running.url}/api/v1/auth/login",
            json.dumps({"email": body[1], "password": body[2]}).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        assert running.end(signal.SIGINT) == 0
        assert not running.postgres_runs()
    assert "Traceback" not in "".join(running.lines)


def test_a_second_start_finds_everything_as_it_was_left(data_dir: Path) -> None:
    def grades() -> int:
        counted = subprocess.run(
            command("psql", "-Atc", "select count(*) from grades where score = 97"),
            env=surroundings(CLASSPULSE_DATA_DIR=str(data_dir)),
            capture_output=True,
            text=True,
            check=True,
        )
        return int(counted.stdout)

    with demo(data_dir, "--port", str(free_port()), "--no-simulate") as running:
        running.line("as it was left")
        before = grades()
    with demo(data_dir, "--port", str(free_port()), "--no-simulate") as running:
        running.line("as it was left")
        assert grades() == before


def test_sigterm_with_an_open_stream_stops_everything_promptly(data_dir: Path) -> None:
    with demo(data_dir, "--port", str(free_port())) as running:
        listen = running.line("curl -N")
        with subprocess.Popen(
            ["sh", "-c", f"exec {listen}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as curl:
            assert curl.stdout is not None
            # the simulator writes, so that something comes
            for line in curl.stdout:
                if line.startswith(b"event: ") and line.strip().endswith((b"_update", b"_updated")):
                    break
            began = time.monotonic()
            assert running.end(signal.SIGTERM) == 0
            assert time.monotonic() - began < 8
            assert curl.wait(5) == 0, "the stream was ended, not cut off"
        assert not running.postgres_runs()
    assert "Traceback" not in "".join(running.lines)


def test_a_busy_port_that_was_asked_for_is_an_error(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        done = subprocess.run(
            command("demo", "--data-dir", str(data_dir), "--port", port),
            env=surroundings(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"classpulse: port {port} is in use: give another with --port, or leave it out\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="sockets are shared differently")
def test_a_busy_default_port_takes_the_next_free_one() -> None:
    from classpulse.demo.host import bind
    from classpulse.errors import ClasspulseError

    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with bind(port, explicit=False) as next_free:
            assert port < next_free.getsockname()[1] <= port + 100
        with pytest.raises(ClasspulseError, match=str(port)):
            bind(port, explicit=True)
