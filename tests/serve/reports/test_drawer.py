"""The process that draws pages: what the server does when it is slow, killed or not needed."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from pypdf import PdfReader
from starlette.requests import ClientDisconnect

from classpulse.serve.problems import Problem
from classpulse.serve.reports.pdf.drawer import Drawer
from serve.conftest import API, Client

DOWNLOAD = f"{API}/reports/download?format=pdf"


class Slow:
    """A file that takes its time, in the place of pages."""

    def __init__(self, seconds: float, body: bytes = b"drawn") -> None:
        self.seconds = seconds
        self.body = body

    def finish(self) -> BytesIO:
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            pass  # as laying out does, without letting anybody else at the interpreter
        return BytesIO(self.body)


class Broken:
    def finish(self) -> BytesIO:
        raise ValueError("not to be drawn")


class Ended:
    def finish(self) -> BytesIO:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


async def stays() -> bool:
    return False


async def leaves() -> bool:
    return True


@pytest.fixture
async def drawer(monkeypatch: pytest.MonkeyPatch) -> Any:
    # the process must know the classes of this file
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    drawer = Drawer(kept=0.5)
    yield drawer
    await drawer.close()


def process_of(drawer: Drawer) -> psutil.Process:
    assert drawer._process is not None
    return psutil.Process(drawer._process.pid)


def test_this_file_can_be_told_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Slow(0))).body == b"drawn"


async def test_the_loop_goes_on_while_pages_are_drawn(drawer: Drawer) -> None:
    (await drawer.finish(Slow(0), stays)).close()  # type: ignore[arg-type]
    drawing = asyncio.create_task(drawer.finish(Slow(1), stays))  # type: ignore[arg-type]
    longest, last = 0.0, time.monotonic()
    while not drawing.done():
        await asyncio.sleep(0.005)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    with await drawing as file:
        assert file.read() == b"drawn"
    assert longest < 0.5


async def test_the_process_is_kept_for_the_next_one_and_ends_when_there_is_none(
    drawer: Drawer,
) -> None:
    (await drawer.finish(Slow(0), stays)).close()  # type: ignore[arg-type]
    process = process_of(drawer)
    (await drawer.finish(Slow(0, b"x" * 5_000_000), stays)).close()  # type: ignore[arg-type]
    assert process_of(drawer) == process
    async with asyncio.timeout(10):
        while drawer._process is not None or process.is_running():
            await asyncio.sleep(0.05)
    (await drawer.finish(Slow(0), stays)).close()  # type: ignore[arg-type]


async def test_a_reader_who_leaves_has_nothing_drawn_on(drawer: Drawer) -> None:
    (await drawer.finish(Slow(0), stays)).close()  # type: ignore[arg-type]
    process = process_of(drawer)
    with pytest.raises(ClientDisconnect):
        await drawer.finish(Slow(60), leaves)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        while process.is_running():
            await asyncio.sleep(0.05)


async def test_a_drawing_that_is_cancelled_ends(drawer: Drawer) -> None:
    drawing = asyncio.create_task(drawer.finish(Slow(60), stays))  # type: ignore[arg-type]
    while drawer._process is None:
        await asyncio.sleep(0.05)
    process = process_of(drawer)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    async with asyncio.timeout(5):
        while process.is_running():
            await asyncio.sleep(0.05)


async def test_one_that_takes_too_long_is_ended_and_said(drawer: Drawer) -> None:
    drawer._patience = 0.5
    with pytest.raises(Problem, match="takes too long") as told:
        await drawer.finish(Slow(60), stays)  # type: ignore[arg-type]
    assert told.value.status == 503
    drawer._patience = 60
    (await drawer.finish(Slow(0), stays)).close()  # type: ignore[arg-type]


async def test_after_a_process_that_was_killed_comes_another(drawer: Drawer) -> None:
    for _ in range(2):
        with pytest.raises(Problem, match="Try again") as told:
            await drawer.finish(Ended(), stays)  # type: ignore[arg-type]
        assert told.value.status == 503
    (await drawer.finish(Slow(0), stays)).close()  # type: ignore[arg-type]
    os.kill(process_of(drawer).pid, signal.SIGKILL)
    process_of(drawer).wait(5)
    await asyncio.sleep(0.1)
    (await drawer.finish(Slow(0), stays)).close()  # type: ignore[arg-type]


async def test_a_fault_of_ours_is_no_fault_of_the_machine(drawer: Drawer) -> None:
    with pytest.raises(RuntimeError, match="could not be drawn"):
        await drawer.finish(Broken(), stays)  # type: ignore[arg-type]
    (await drawer.finish(Slow(0), stays)).close()  # type: ignore[arg-type]


async def test_a_report_is_drawn_elsewhere_and_the_server_takes_its_process_with_it(
    client: Client,
) -> None:
    answer = await client.http.get(DOWNLOAD, headers=client.as_(1))
    assert answer.status_code == 200
    assert len(PdfReader(BytesIO(answer.content)).pages) > 0
    drawer = client.app.state.report_limits.drawer
    process = process_of(drawer)
    assert process.ppid() == os.getpid()
    await drawer.close()
    assert not process.is_running()


def test_a_server_loads_what_draws_pages_in_no_process_but_the_one_that_draws() -> None:
    loaded = "import sys, classpulse.serve.app; print('reportlab' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"
