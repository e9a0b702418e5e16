"""One data folder's server: make it, start it, stop it, say whether it runs."""

import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from classpulse.database.embedded.ports import HOST, free_port, is_free
from classpulse.database.embedded.programs import Programs, account_for
from classpulse.errors import DatabaseError
from classpulse.sql import queries

with contextlib.suppress(ImportError):  # it comes with the embedded Postgres
    import psutil  # type: ignore[import-untyped]

MAJOR = 18
DATABASE = "classpulse"

_SQL = queries("embedded")
_WAIT_SECONDS = 60
_FILLED_SECONDS = 5.0
# How long a backend without its postmaster has to end in order.
_SURVIVOR_SECONDS = 1.0
# How a postmaster is asked to end, and for how long before the next way: fast, then at once.
_ENDINGS = ((signal.SIGINT, _WAIT_SECONDS), (signal.SIGQUIT, 10.0))
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
        self._account = account_for(folder)
        self._programs = Programs(self._account)
        if self._account is not None and folder.exists() and folder.stat().st_uid == 0:
            # a copy that root made of another one
            for path in (folder, *folder.rglob("*")):
                self._hand_over(path)

    @property
    def bin_path(self) -> Path:
        return self._programs.bin_path

    def create(self, role: str, password: str, settings: Mapping[str, str]) -> None:
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
        for path in (fresh, password_file):
            self._hand_over(path)
        reaching = self._programs.reaching
        try:
            with reaching(fresh) as (name, folder), reaching(password_file) as (secret, file):
                self._run(
                    "initdb",
                    f"--pgdata={name}",
                    f"--username={role}",
                    f"--pwfile={secret}",
                    "--auth=scram-sha-256",
                    *_LOCALE,
                    *(["--no-sync"] if settings.get("fsync") == "off" else []),
                    passing=(*folder, *file),
                )
        finally:
            password_file.unlink()
        self._alone(fresh, "template1", _SQL["create_database"], settings)
        fresh.rename(self.folder)

    def rename_owner(self, settings: Mapping[str, str]) -> None:
        """Give an older folder's superuser the name it has now; only while no server runs."""
        self._alone(self.folder, DATABASE, _SQL["rename_owner"], settings)

    def start(self, preferred_port: int | None, settings: Mapping[str, str]) -> int:
        """The port of the running server, started where need be."""
        return self._started((preferred_port, None, None), settings)

    def start_again(self, port: int, settings: Mapping[str, str]) -> None:
        """Start it on the port that its users know, which may be somebody's for a moment."""
        self._started((port,), settings)

    def is_running(self) -> bool:
        """Whether a server works in the folder, be it one that is only starting."""
        return self._status() is not None

    def stop(self) -> None:
        """Stop the server; it is not an error if it doesn't run. One that another process starts
        in its place meanwhile is let be: to wait for the folder to be free could last for ever."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while (pid := self._pid()) == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        if not pid:
            return
        for number, seconds in _ENDINGS:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while _works_in(pid, self.folder):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
            else:
                return
        raise DatabaseError(f"Postgres in {self.folder} does not stop: its process is {pid}")

    def _hand_over(self, path: Path) -> None:
        """Let it be the account's whom Postgres runs as."""
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)

    @property
    def _log(self) -> Path:
        return self.folder / "start.log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "postmaster.pid"

    def _status(self) -> tuple[int, str] | None:
        """Port and state of the running server."""
        match self._pid_lines():
            case None:
                return None
            case [_, _, _, port, _, _, _, state, *_]:
                return int(port), state.strip()
        return 0, "starting"

    def _pid(self) -> int | None:
        """The process of the running server, 0 while it has not said it yet."""
        lines = self._pid_lines()
        return None if lines is None else int(lines[0]) if lines else 0

    def _pid_lines(self) -> list[str] | None:
        """What the running server says of itself. A pid file alone proves nothing: the number may
        be another process's by now."""
        try:
            lines = self._pid_file.read_text().splitlines()
            pid = int(lines[0])
        except FileNotFoundError:
            return None
        except (ValueError, IndexError):
            # Postgres makes the file and then fills it, if it is not killed in between
            return None if self._pid_file_is_old() else []
        return lines if _works_in(pid, self.folder) else None

    def _pid_file_is_old(self) -> bool:
        try:
            return time.time() - self._pid_file.stat().st_mtime > _FILLED_SECONDS
        except FileNotFoundError:
            return True

    def _started(self, ports: tuple[int | None, ...], settings: Mapping[str, str]) -> int:
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
                    return self._start(ports, {**_ALWAYS, **settings})
                case (port, "ready"):
                    return port
                case _:
                    time.sleep(0.05)
        raise DatabaseError(f"Postgres in {self.folder} neither starts nor stops: see {self._log}")

    def _start(self, ports: tuple[int | None, ...], settings: Mapping[str, str]) -> int:
        self._clear_the_way()
        for port in ports:
            chosen = port if port is not None and is_free(port) else free_port()
            if len(ports) == 1 and chosen != port:
                raise DatabaseError(f"port {port} of the embedded Postgres is in use")
            options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
            self._log.unlink(missing_ok=True)
            try:
                self._pg_ctl("start", f"--options=-p {chosen} {options}", log=self._log.name)
            except DatabaseError:
                continue
            return chosen
        raise DatabaseError(f"Postgres does not start in {self.folder}: {_last_line(self._log)}")

    def _clear_the_way(self) -> None:
        """Remove what a killed postmaster left: its pid file, which names nobody or somebody else,
        and backends at work, whose shared memory a new server would refuse to start beside."""
        if not self._pid_file.exists():
            return
        self._pid_file.unlink(missing_ok=True)
        for number in (signal.SIGQUIT, signal.SIGKILL):
            deadline = time.monotonic() + _SURVIVOR_SECONDS
            while survivors := list(_postgres_in(self.folder)):
                for process in survivors:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.send_signal(number)
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)

    def _pg_ctl(self, action: str, *arguments: str, log: str | None = None) -> None:
        with self._programs.reaching(self.folder) as (name, passing):
            self._run(
                "pg_ctl",
                action,
                f"--pgdata={name}",
                "--wait",
                f"--timeout={_WAIT_SECONDS}",
                *arguments,
                *([] if log is None else [f"--log={name}/{log}"]),
                passing=passing,
            )

    def _alone(
        self, folder: Path, database: str, statement: str, settings: Mapping[str, str]
    ) -> None:
        with self._programs.reaching(folder) as (name, passing):
            said = self._run(
                "postgres",
                "--single",
                "-j",
                *(f"--{setting}={value}" for setting, value in settings.items()),
                "-D",
                name,
                database,
                said=f"{statement};\n\n",
                passing=passing,
            )
        # it goes on after an error, and ends well
        for line in said.splitlines():
            if "ERROR:" in line:
                raise DatabaseError(f"postgres failed: {line.partition('ERROR:')[2].strip()}")

    def _run(
        self, program: str, *arguments: str, said: str = "", passing: tuple[int, ...] = ()
    ) -> str:
        done = self._programs.run(program, *arguments, said=said, passing=passing)
        if done.returncode != 0:
            lines = [line for line in done.stdout.splitlines() if line.strip()]
            raise DatabaseError(f"{program} failed: {lines[-1] if lines else 'it said nothing'}")
        return done.stdout


def _works_in(pid: int, folder: Path) -> bool:
    """Whether the process is a server of ``folder``: a postmaster works in its data folder."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).samefile(folder)
    except (psutil.Error, OSError):
        return False


def _postgres_in(folder: Path) -> "Iterator[psutil.Process]":
    """Every process of a server of ``folder``."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if Path(process.exe()).name == "postgres" and _works_in(process.pid, folder):
                yield process


def _last_line(log: Path) -> str:
    try:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return lines[-1] if lines else "it left no log"
