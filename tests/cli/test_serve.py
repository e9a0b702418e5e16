"""The server as a process: how it starts, what it logs, and how it ends."""

import json
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
from processes import command, free_port, surroundings

SECRET = "a secret for tests, of more than 32 bytes"


def answers(port, path="/healthz", seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                return answer.status
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_a_busy_port_is_said_before_anything_starts(run_here):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = run_here("serve", "--host", "127.0.0.1", "--port", str(port))
    assert said.code == 2
    assert said.err == f"classpulse: port {port} is in use: choose another with --port\n"


def test_an_address_that_is_not_ours_is_one_sentence(run_here):
    said = run_here("serve", "--host", "192.0.2.1", "--port", "8765")
    assert said.code == 2
    assert said.err == (
        "classpulse: can't listen on 192.0.2.1 port 8765 (Cannot assign requested address):"
        " choose others with --host and --port\n"
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_ends_it_within_five_seconds_with_streams_open(database_url, tmp_path, workers):
    port = free_port()
    process = subprocess.Popen(
        command("serve", "--port", str(port), "--workers", str(workers)),
        env=surroundings(DATABASE_URL=database_url, CLASSPULSE_JWT_SECRET=SECRET),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert answers(port) == 200
        token = admin_token(database_url)
        url = f"http://127.0.0.1:{port}/api/v1/performance/stream"
        streams = [
            subprocess.Popen(
                ["curl", "-sN", "-H", f"Authorization: Bearer {token}", url],
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        for stream in streams:
            while "event: ready" not in stream.stdout.readline():
                assert stream.poll() is None
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        assert time.monotonic() - start < 5
        for stream in streams:
            # ended in order, with a hint when to come back
            assert "retry:" in stream.communicate(timeout=5)[0]
            assert stream.returncode == 0
    finally:
        process.kill()
        said = process.communicate()[0]
    assert "Traceback" not in said


def admin_token(database_url):
    done = subprocess.run(
        command("educator", "add", "a@b.c", "--name", "A", "--role", "admin"),
        env=surroundings(DATABASE_URL=database_url),
        input="a password\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return subprocess.run(
        command("token", "a@b.c"),
        env=surroundings(DATABASE_URL=database_url, CLASSPULSE_JWT_SECRET=SECRET),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_its_log_is_json_where_that_is_asked_for(database_url, tmp_path):
    log = tmp_path / "log"
    port = free_port()
    with log.open("w") as file:
        process = subprocess.Popen(
            command("serve", "--port", str(port)),
            env=surroundings(
                DATABASE_URL=database_url, CLASSPULSE_JWT_SECRET=SECRET, CLASSPULSE_LOG="json"
            ),
            stdout=subprocess.DEVNULL,
            stderr=file,
        )
    try:
        assert answers(port) == 200
    finally:
        process.terminate()
        process.wait(10)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert urlsafe(database_url) not in log.read_text()


def urlsafe(url):
    return url.split("@", maxsplit=1)[0].rpartition(":")[2]


def test_on_the_embedded_database_it_stops_what_it_started(data_dir):
    port = free_port()
    process = subprocess.Popen(
        command("serve", "--port", str(port)),
        env=surroundings(CLASSPULSE_DATA_DIR=str(data_dir)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert answers(port, "/readyz") == 200
        assert data_dir.joinpath("postgres", "postmaster.pid").exists()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()
    assert out == f"classpulse listens on http://127.0.0.1:{port}\n"
    assert process.returncode == 130
    assert not data_dir.joinpath("postgres", "postmaster.pid").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_application_that_does_not_start_is_an_error(database_url, tmp_path, workers):
    """With an application whose start fails, put before the real one."""
    folder = tmp_path / "site"
    folder.mkdir()
    folder.joinpath("sitecustomize.py").write_text(
        "import sys, types\n"
        "broken = types.ModuleType('classpulse.serve.app')\n"
        "async def app(scope, receive, send):\n"
        "    raise RuntimeError('no start')\n"
        "broken.from_environment = lambda: app\n"
        "sys.modules['classpulse.serve.app'] = broken\n"
    )
    environment = surroundings(DATABASE_URL=database_url, CLASSPULSE_JWT_SECRET=SECRET)
    environment["PYTHONPATH"] = f"{folder}:{environment['PYTHONPATH']}"
    done = subprocess.run(
        command("serve", "--port", "0", "--workers", str(workers)),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("classpulse: the server could not start")
