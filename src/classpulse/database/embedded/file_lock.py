"""File locks: what a process held is free when it ends, however it ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from classpulse.errors import DatabaseError

_LOCK_SECONDS = 120


@contextmanager
def opened(file: Path) -> Iterator[int]:
    """A descriptor of a lock file, made where there is none."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """One process at a time."""
    with opened(file) as turn:
        take(turn, fcntl.LOCK_EX)
        yield


def take(descriptor: int, kind: int) -> None:
    """Wait for a lock, but not for ever."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise DatabaseError(
                    "another process has been starting or stopping the embedded Postgres "
                    f"for {_LOCK_SECONDS} s: end it and try again"
                ) from None
            time.sleep(0.02)
