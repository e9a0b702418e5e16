"""The embedded Postgres of a data directory, shared by all processes that use it."""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import anyio
import anyio.to_thread

from classpulse.database.postmaster import DATABASE, HOST, ROLE, Postmaster
from classpulse.errors import DatabaseError

_LOCK_SECONDS = 120


@dataclass(frozen=True)
class Server:
    """A running embedded Postgres. ``url`` and ``jwt_secret`` are secrets.

    ``is_shared``: it ran before, so it may go on when we leave.
    """

    url: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    bin_path: Path
    is_shared: bool


class Embedded:
    """Use the server of ``data_dir``: the running one, or started for as long as needed.

    A ``with`` or ``async with`` block. The last process to leave stops the server; one that is
    killed counts as gone, because what it held was a file lock. ``settings`` are Postgres settings
    for a server that is made or started here.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self._data_dir = data_dir.expanduser().absolute()
        self._settings = dict(settings or {})
        self._resources = ExitStack()

    def __enter__(self) -> Server:
        return self._resources.enter_context(_used(self._data_dir, self._settings))

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    async def __aenter__(self) -> Server:
        return await anyio.to_thread.run_sync(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._resources.close)


def embedded(data_dir: Path, settings: Mapping[str, str] | None = None) -> Embedded:
    """The embedded Postgres of ``data_dir`` for a ``with`` or ``async with`` block."""
    return Embedded(data_dir, settings)


@contextmanager
def _used(data_dir: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        folder, users = data_dir / "postgres", data_dir / "users.lock"
    except OSError as error:
        raise DatabaseError(
            f"{data_dir} can't be made ({error.strerror}): set CLASSPULSE_DATA_DIR to another place"
        ) from error
    postmaster = Postmaster(folder)
    with _open(users) as use:
        with _turn(data_dir):
            _lock(use, fcntl.LOCK_SH)
            try:
                server = _started(data_dir, postmaster, settings)
            except BaseException:
                _stop_if_alone(use, postmaster)
                raise
        try:
            yield server
        finally:
            with _turn(data_dir):
                _stop_if_alone(use, postmaster)


def _started(data_dir: Path, postmaster: Postmaster, settings: Mapping[str, str]) -> Server:
    password_file = data_dir / "database-password"
    if postmaster.folder.exists() and not password_file.exists():
        raise DatabaseError(f"{password_file} is missing: put it back, or move {data_dir} away")
    password = _secret(password_file)
    jwt_secret = _secret(data_dir / "jwt-secret")
    if not postmaster.folder.exists():
        postmaster.create(password, settings)
    port_file = data_dir / "port"
    # the port of the last time, if it is still free: addresses that people saved go on working
    preferred = int(port_file.read_text()) if port_file.exists() else None
    is_shared = postmaster.is_running()
    port = postmaster.start(preferred, settings)
    if port != preferred:
        _write(port_file, str(port))
    url = f"postgresql://{ROLE}:{password}@{HOST}:{port}/{DATABASE}"
    return Server(url, jwt_secret, postmaster.bin_path, is_shared)


def _stop_if_alone(use: int, postmaster: Postmaster) -> None:
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    postmaster.stop()


def _secret(file: Path) -> str:
    if not file.exists():
        _write(file, secrets.token_hex(32))
    return file.read_text().strip()


def _write(file: Path, text: str) -> None:
    """All of it or nothing, readable by the owner alone."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(0o600)
    draft.write_text(text)
    draft.replace(file)


@contextmanager
def _open(file: Path) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _turn(data_dir: Path) -> Iterator[None]:
    """One process at a time starts or stops the server."""
    with _open(data_dir / "start.lock") as turn:
        _lock(turn, fcntl.LOCK_EX)
        yield


def _lock(descriptor: int, kind: int) -> None:
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
