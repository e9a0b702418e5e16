"""Debian's own servers: a PostgreSQL that speaks TLS and may have a stand-by, and a pgbouncer."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from absent import absent
from processes import free_port

POSTGRES = Path("/usr/lib/postgresql/15/bin")
SETTINGS = {
    "ssl": "on",
    "listen_addresses": "localhost",
    "unix_socket_directories": "",
    "fsync": "off",
    "wal_level": "replica",
}


def needed(program: str | Path, package: str) -> str:
    """The program's path; where it is absent, so is the test."""
    found = shutil.which(program) or shutil.which(f"/usr/sbin/{program}")
    if found is None:
        absent(package, package)
    return found


def run(*arguments: object, user: str | None = "postgres") -> None:
    """A program as the user who may run it: servers refuse root."""
    command = [str(argument) for argument in arguments]
    if user is not None and os.geteuid() == 0:
        command = ["runuser", "-u", user, "--", *command]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@dataclass
class Postgres:
    """A server of Debian's in ``folder``, whose certificate is its own root."""

    folder: Path
    port: int
    settings: dict[str, str]

    @property
    def certificate(self) -> Path:
        return self.folder / "server.crt"

    @property
    def url(self) -> str:
        return f"postgresql://tester@localhost:{self.port}/postgres"

    def start(self) -> None:
        options = " ".join(
            f"-c {name}='{value}'" for name, value in (SETTINGS | self.settings).items()
        )
        log = self.folder / "log"
        ctl = POSTGRES / "pg_ctl"
        run(ctl, "-D", self.folder, "-w", "-l", log, "-o", f"-p {self.port} {options}", "start")

    def stop(self) -> None:
        run(POSTGRES / "pg_ctl", "-D", self.folder, "-m", "immediate", "stop")

    def promote(self) -> None:
        run(POSTGRES / "pg_ctl", "-D", self.folder, "-w", "promote")


@contextlib.contextmanager
def postgres(*, of: Postgres | None = None, **settings: str) -> Iterator[Postgres]:
    """A running server; a hot stand-by ``of`` another."""
    needed(POSTGRES / "initdb", "postgresql-15")
    with tempfile.TemporaryDirectory(prefix="classpulse-tests-") as parent:
        if os.geteuid() == 0:
            shutil.chown(parent, "postgres", "postgres")
        folder = Path(parent, "data")
        server = Postgres(folder, free_port(), settings)
        if of is None:
            initdb = (POSTGRES / "initdb", "-D", folder, "-U", "tester", "-A", "trust")
            run(*initdb, "-E", "UTF8", "-N")
            make_certificate(folder / "server")
        else:
            run(POSTGRES / "pg_basebackup", "-D", folder, "-d", of.url, "-R", "-X", "stream")
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):
                server.stop()


def make_certificate(path: Path, *, user: str | None = "postgres") -> Path:
    """A self-signed certificate for localhost, and its key beside it; ``user``: whose they are."""
    request = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -out {path}.crt"
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    run(needed("openssl", "openssl"), *request.split(), "-keyout", f"{path}.key", *names, user=user)
    return path.with_suffix(".crt")


@contextlib.contextmanager
def pgbouncer(url: str) -> Iterator[str]:
    """The address of a pgbouncer that pools by transactions in front of ``url``."""
    program = needed("pgbouncer", "pgbouncer")
    target = urlsplit(url)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="classpulse-tests-") as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "pgbouncer.ini")
        file.write_text(
            "[databases]\n"
            f"school = host={target.hostname} port={target.port} dbname={target.path[1:]}"
            f" user={target.username} password={target.password}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
        )
        as_nobody = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
        process = subprocess.Popen(
            [*as_nobody, program, "-q", str(file)],
            stderr=subprocess.DEVNULL,
            # runuser passes no signal on: the whole group is ended
            start_new_session=True,
        )
        try:
            _wait_for(port)
            yield f"postgresql://anyone@127.0.0.1:{port}/school"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            process.wait(10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, "pgbouncer does not answer"
            time.sleep(0.05)
        else:
            return
