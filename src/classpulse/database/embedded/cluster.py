"""The embedded Postgres of a data directory, shared by all processes that use it."""

import fcntl
import logging
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import anyio
import anyio.to_thread

from classpulse.database.embedded.file_lock import locked, opened, take
from classpulse.database.embedded.ports import HOST
from classpulse.database.embedded.postmaster import DATABASE, Postmaster
from classpulse.errors import DatabaseError

#: Not the name of the machinery's schema: ``"$user"`` in a search_path would lead there.
ROLE = "classpulse_owner"
_EARLIER_ROLE = "classpulse"

_WATCH_SECONDS = 0.5
_logger = logging.getLogger(__name__)


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
    killed counts as gone, because what it held was a file lock. A server that dies meanwhile is
    started again on its port. ``settings`` are Postgres settings for one made or started here.
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
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder, users = data_dir / "postgres", data_dir / "users.lock"
        turn = data_dir / "start.lock"
    except OSError as error:
        raise DatabaseError(
            f"{data_dir} can't be made ({error.strerror}): set CLASSPULSE_DATA_DIR to another place"
        ) from error
    postmaster = Postmaster(folder)
    with opened(users) as use:
        with locked(turn):
            take(use, fcntl.LOCK_SH)
            try:
                server, port = _started(data_dir, postmaster, settings)
            except BaseException:
                _stop_if_alone(use, postmaster)
                raise
        try:
            with _kept_alive(turn, postmaster, port, settings):
                yield server
        finally:
            with locked(turn):
                _stop_if_alone(use, postmaster)


def _started(
    data_dir: Path, postmaster: Postmaster, settings: Mapping[str, str]
) -> tuple[Server, int]:
    password_file = data_dir / "database-password"
    if postmaster.folder.exists() and not password_file.exists():
        raise DatabaseError(f"{password_file} is missing: put it back, or move {data_dir} away")
    password = _secret(password_file)
    jwt_secret = _secret(data_dir / "jwt-secret")
    if not postmaster.folder.exists():
        postmaster.create(ROLE, password, settings)
        _write(data_dir / "database-role", ROLE)
    is_shared = postmaster.is_running()
    role = _role(data_dir / "database-role", postmaster, settings)
    port_file = data_dir / "port"
    # the port of the last time, if it is still free: addresses that people saved go on working
    preferred = int(port_file.read_text()) if port_file.exists() else None
    port = postmaster.start(preferred, settings)
    if port != preferred:
        _write(port_file, str(port))
    url = f"postgresql://{role}:{password}@{HOST}:{port}/{DATABASE}"
    return Server(url, jwt_secret, postmaster.bin_path, is_shared), port


def _role(file: Path, postmaster: Postmaster, settings: Mapping[str, str]) -> str:
    """Whom to connect as. A folder of an earlier version is brought to the name of today as soon
    as nobody uses it."""
    if file.exists():
        return file.read_text().strip()
    if postmaster.is_running():
        return _EARLIER_ROLE
    try:
        postmaster.rename_owner(settings)
    except DatabaseError as error:
        _logger.warning("the role %s can't be renamed: %s", _EARLIER_ROLE, error)
        return _EARLIER_ROLE
    _write(file, ROLE)
    return ROLE


@contextmanager
def _kept_alive(
    turn: Path, postmaster: Postmaster, port: int, settings: Mapping[str, str]
) -> Iterator[None]:
    """Start the server again whenever it has gone. Of several processes one does, in its turn."""
    leaving = threading.Event()

    def watch() -> None:
        reason = ""
        while not leaving.wait(_WATCH_SECONDS):
            if postmaster.is_running():
                reason = ""
                continue
            try:
                with locked(turn):
                    if postmaster.is_running():
                        continue
                    postmaster.start_again(port, settings)
                _logger.warning("the embedded Postgres had gone: it was started again")
            except (DatabaseError, OSError) as error:
                if str(error) != reason:
                    reason = str(error)
                    _logger.warning("the embedded Postgres has gone: %s", reason)

    watching = threading.Thread(target=watch, name="embedded Postgres", daemon=True)
    watching.start()
    try:
        yield
    finally:
        leaving.set()
        watching.join()


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
