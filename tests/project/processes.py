"""Projectors in processes of their own, to be killed and stopped."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

PROGRAM = """
import asyncio, sys
from datetime import timedelta
from classpulse.project.leader import Leader
asyncio.run(Leader(sys.argv[1], retention=timedelta(days=7)).run())
"""


@contextlib.contextmanager
def projector(url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that leads or stands by; killed at the end."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, url])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(seconds: float) -> Iterator[float]:
    """Yield the elapsed seconds every few milliseconds; too late is an error."""
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds:
        yield elapsed
        time.sleep(0.01)
    raise TimeoutError(f"not within {seconds} s")
