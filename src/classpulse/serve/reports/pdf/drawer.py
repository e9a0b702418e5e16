"""A process of its own that draws pages: seconds of work, and no stream waits for it.

A thread would hold up all others of the process at every step. The process is started for the
first drawing, kept for those that follow soon, and ends when none does, or with the server.
"""

import asyncio
import logging
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from starlette.requests import ClientDisconnect

from classpulse.serve.problems import unavailable
from classpulse.serve.reports.row_buffer import IN_MEMORY

if TYPE_CHECKING:
    from classpulse.serve.reports.pdf.file import PdfFile

logger = logging.getLogger(__name__)

# More than the longest report takes on a busy machine.
_PATIENCE = 120.0
# A drawing that comes within it finds modules and fonts loaded.
_KEPT_SECONDS = 60.0
_LOOK_EVERY = 0.5
_LENGTH = 8
_PIECE = 1024 * 1024

Gone = Callable[[], Awaitable[bool]]
_Process = subprocess.Popen[bytes]


class Drawer:
    """Serves one caller at a time: let each wait for its turn."""

    def __init__(self, patience: float = _PATIENCE, kept: float = _KEPT_SECONDS) -> None:
        self._patience = patience
        self._kept = kept
        self._process: _Process | None = None
        self._idle_end: asyncio.TimerHandle | None = None

    async def finish(self, file: "PdfFile", gone: Gone) -> IO[bytes]:
        """The file drawn, from its start; its sender closes it.

        Its reader may leave meanwhile: then nothing is drawn on. A 503 problem where the process
        is ended from outside, as by a machine without memory, or takes too long.
        """
        if self._idle_end is not None:
            self._idle_end.cancel()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        is_done = False
        try:
            process = await self._running()
            # the thread only waits; with the process it ends
            drawing = loop.run_in_executor(None, _drawn, process, file)
            drawing.add_done_callback(_heard)
            while not (await asyncio.wait({drawing}, timeout=_LOOK_EVERY))[0]:
                if await gone():
                    raise ClientDisconnect
                if loop.time() > deadline:
                    logger.warning("a report took longer than %.0f s to draw", self._patience)
                    raise unavailable("The report takes too long. Filter it, or take format=xlsx.")
            drawn = drawing.result()
            is_done = True
        except (OSError, EOFError):
            logger.warning("the process that draws reports ended in the middle of one")
            raise unavailable("The report could not be drawn. Try again in a moment.") from None
        finally:
            if is_done:
                self._idle_end = loop.call_later(self._kept, self._end)
            else:
                # what it was at is in its pipes
                self._end()
        if drawn is None:
            raise RuntimeError("a report could not be drawn: the cause is on stderr")
        return drawn

    async def close(self) -> None:
        """End the process, whatever it is at."""
        if (ended := self._end()) is not None:
            await ended

    def _end(self) -> "asyncio.Future[None] | None":
        if self._idle_end is not None:
            self._idle_end.cancel()
            self._idle_end = None
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        return asyncio.get_running_loop().run_in_executor(None, _bury, process)

    async def _running(self) -> _Process:
        if self._process is not None and self._process.poll() is not None:
            await self.close()
        if self._process is None:
            self._process = await asyncio.to_thread(_started)
        return self._process


def _started() -> _Process:
    return subprocess.Popen(
        # not what happens to lie in the folder that the server was started in
        [sys.executable, "-P", "-m", "classpulse.serve.reports.pdf.drawing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # a Ctrl-C is for the server, which ends it
        start_new_session=True,
    )


def _drawn(process: _Process, file: "PdfFile") -> IO[bytes] | None:
    """``None`` where it can't be drawn."""
    assert process.stdin is not None
    assert process.stdout is not None
    asked = pickle.dumps(file)
    process.stdin.write(len(asked).to_bytes(_LENGTH, "big"))
    process.stdin.write(asked)
    process.stdin.flush()
    left = int.from_bytes(_exactly(process.stdout, _LENGTH), "big")
    if not left:
        return None
    drawn = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (it is the answer)
    try:
        while left:
            piece = _exactly(process.stdout, min(left, _PIECE))
            drawn.write(piece)
            left -= len(piece)
        drawn.seek(0)
    except BaseException:
        drawn.close()
        raise
    return drawn


def _heard(drawing: "asyncio.Future[IO[bytes] | None]") -> None:
    """Nobody may ask any more how it ended."""
    if not drawing.cancelled():
        drawing.exception()


def _exactly(source: IO[bytes], size: int) -> bytes:
    found = source.read(size)
    if len(found) < size:
        raise EOFError
    return found


def _bury(process: _Process) -> None:
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with suppress(OSError):
            pipe.close()
