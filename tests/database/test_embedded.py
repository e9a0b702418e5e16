"""The embedded Postgres: one server for all who use a data directory, gone with the last."""

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from classpulse.database.embedded.cluster import ROLE, Embedded
from classpulse.database.embedded.postmaster import Postmaster
from classpulse.database.install.migrate import migrate
from classpulse.errors import DatabaseError

USE = """
import sys
from pathlib import Path
from classpulse.database.embedded.cluster import embedded
with embedded(Path(sys.argv[1]), {"fsync": "off"}) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def embedded(data_dir):
    """As a command has it, but for the disk's sake without waiting for it."""
    return Embedded(data_dir, {"fsync": "off"})


async def ask(url, statement="select 1"):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@contextmanager
def another_process(data_dir):
    with subprocess.Popen(
        [sys.executable, "-c", USE, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def postmaster(data_dir):
    """The running server's process, if there is one."""
    try:
        pid = int(data_dir.joinpath("postgres", "postmaster.pid").read_text().split()[0])
        return psutil.Process(pid)
    except (OSError, IndexError, psutil.NoSuchProcess):
        return None


async def test_it_listens_on_loopback_with_a_password(data_dir):
    async with embedded(data_dir) as server:
        parts = urlsplit(server.url)
        assert (parts.scheme, parts.hostname, parts.path) == (
            "postgresql",
            "127.0.0.1",
            "/classpulse",
        )
        assert await ask(server.url, "show server_version_num") >= "180000"
        assert await ask(server.url, "show listen_addresses") == "127.0.0.1"
        wrong = server.url.replace(parts.password, "wrong")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong)
        assert parts.password not in repr(server)
    assert postmaster(data_dir) is None


def test_its_psql_takes_the_address(data_dir):
    with embedded(data_dir) as server:
        done = subprocess.run(
            [server.bin_path / "psql", server.url, "-Atc", "select 1"],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == "1\n"


def test_secrets_are_made_once_and_for_the_owner_alone(data_dir):
    with embedded(data_dir) as first:
        pass
    with embedded(data_dir) as second:
        assert (second.url, second.jwt_secret) == (first.url, first.jwt_secret)
    assert len(first.jwt_secret) >= 32
    for name in ("database-password", "jwt-secret"):
        assert stat.S_IMODE(data_dir.joinpath(name).stat().st_mode) == 0o600
    assert not stat.S_IMODE(data_dir.joinpath("postgres").stat().st_mode) & 0o077


def test_a_second_start_is_quick_and_finds_everything(data_dir):
    with embedded(data_dir) as server:
        asyncio.run(ask(server.url, "create table kept (id int)"))
    start = time.monotonic()
    with embedded(data_dir) as server:
        assert time.monotonic() - start < 2
        assert asyncio.run(ask(server.url, "select count(*) from kept")) == 0


def test_the_last_to_leave_stops_it(data_dir):
    with another_process(data_dir) as other:
        url = other.stdout.readline().strip()
        with embedded(data_dir) as server:
            assert server.url == url
            assert server.is_shared
        assert asyncio.run(ask(url)) == 1
        other.communicate("")
    assert postmaster(data_dir) is None


def test_it_stays_while_another_process_uses_it(data_dir):
    with embedded(data_dir) as server, another_process(data_dir) as other:
        assert other.stdout.readline().strip() == server.url
        other.communicate("")
        assert asyncio.run(ask(server.url)) == 1


def test_many_at_once_start_one_server(data_dir):
    with another_process(data_dir) as one, another_process(data_dir) as two:
        urls = {process.stdout.readline().strip() for process in (one, two)}
        assert len(urls) == 1
        assert asyncio.run(ask(urls.pop())) == 1
        one.communicate("")
        two.communicate("")
    assert postmaster(data_dir) is None


def test_a_killed_user_is_no_user(data_dir):
    with another_process(data_dir) as other:
        url = other.stdout.readline().strip()
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert postmaster(data_dir) is not None
    with embedded(data_dir) as server:
        assert server.url == url
        assert asyncio.run(ask(url)) == 1
    assert postmaster(data_dir) is None


def test_a_killed_server_is_started_again(data_dir):
    with embedded(data_dir) as server:
        asyncio.run(ask(server.url, "create table kept (id int)"))
        postmaster(data_dir).send_signal(signal.SIGKILL)
    with embedded(data_dir) as server:
        assert asyncio.run(ask(server.url, "select count(*) from kept")) == 0


def test_a_pid_file_of_another_process_is_in_nobodys_way(data_dir):
    with embedded(data_dir):
        pass
    data_dir.joinpath("postgres", "postmaster.pid").write_text(
        f"{os.getpid()}\n{data_dir}/postgres\n0\n5432\n\n127.0.0.1\n  0 0\nready\n"
    )
    with embedded(data_dir) as server:
        assert asyncio.run(ask(server.url)) == 1


@pytest.mark.reliability("killed embedded Postgres")
def test_a_pid_file_that_was_never_filled_is_in_nobodys_way(data_dir):
    with embedded(data_dir):
        pass
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.touch()
    os.utime(pid_file, (time.time() - 10,) * 2)
    with embedded(data_dir) as server:
        assert asyncio.run(ask(server.url)) == 1


def test_an_interrupted_first_start_is_made_good(data_dir, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupt)
        with pytest.raises(KeyboardInterrupt), embedded(data_dir):
            pass
    assert not data_dir.joinpath("postgres").exists()
    with embedded(data_dir) as server:
        assert asyncio.run(ask(server.url)) == 1
    assert [path.name for path in data_dir.glob("*.new-*")] == []


def interrupt(*_):
    raise KeyboardInterrupt


def test_a_taken_port_is_replaced(data_dir):
    with embedded(data_dir) as server:
        port = urlsplit(server.url).port
    with socket.create_server(("127.0.0.1", port)), embedded(data_dir) as server:
        assert urlsplit(server.url).port != port
        assert asyncio.run(ask(server.url)) == 1


def test_a_server_of_another_version_is_refused(data_dir):
    with embedded(data_dir):
        pass
    version = data_dir / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(DatabaseError, match="made by PostgreSQL 17"), embedded(data_dir):
        pass


def test_a_lost_password_is_said(data_dir):
    with embedded(data_dir):
        pass
    data_dir.joinpath("database-password").unlink()
    with pytest.raises(DatabaseError, match="database-password is missing"), embedded(data_dir):
        pass


def test_a_data_directory_that_cannot_be_is_said(tmp_path):
    tmp_path.joinpath("file").write_text("")
    with (
        pytest.raises(DatabaseError, match="CLASSPULSE_DATA_DIR"),
        embedded(tmp_path / "file" / "data"),
    ):
        pass


async def test_without_the_right_to_make_roles_it_installs_with_a_warning(data_dir):
    async with embedded(data_dir) as server:
        await ask(server.url, "create role plain login password 'x'")
        await ask(server.url, "alter database classpulse owner to plain")
        password = urlsplit(server.url).password
        url = server.url.replace(f"{ROLE}:{password}@", "plain:x@")
        done = await migrate(url)
        assert done.migrations
        assert [warning.split()[1] for warning in done.warnings] == [
            "classpulse_writer",
            "classpulse_reader",
        ]


@pytest.mark.reliability("search path into the machinery")
def test_its_role_has_not_the_name_of_the_machinery(data_dir):
    with embedded(data_dir) as server:
        asyncio.run(migrate(server.url))
        assert urlsplit(server.url).username == "classpulse_owner"
        assert asyncio.run(ask(server.url, "select current_schema()")) == "public"


EARLIER_ROLE = "classpulse"


def made_earlier(data_dir):
    """A data directory as earlier versions made it, with a table in it; its address."""
    folder = data_dir / "postgres"
    with embedded(data_dir) as server:
        password = urlsplit(server.url).password
    shutil.rmtree(folder)
    data_dir.joinpath("database-role").unlink()
    earlier = Postmaster(folder)
    earlier.create(EARLIER_ROLE, password, {"fsync": "off"})
    with another_start(data_dir, earlier) as url:
        asyncio.run(ask(url, "create table kept (id int)"))
    return url


@contextmanager
def another_start(data_dir, earlier):
    """Started as an earlier version does, on the same port, with the role of its time."""
    port = earlier.start(int(data_dir.joinpath("port").read_text()), {"fsync": "off"})
    password = data_dir.joinpath("database-password").read_text()
    try:
        yield f"postgresql://{EARLIER_ROLE}:{password}@127.0.0.1:{port}/classpulse"
    finally:
        earlier.stop()


@pytest.mark.reliability("search path into the machinery")
def test_a_role_of_an_earlier_version_gets_the_name_of_today(data_dir):
    saved = made_earlier(data_dir)
    for _ in range(2):
        with embedded(data_dir) as server:
            asyncio.run(migrate(server.url))
            assert urlsplit(server.url).username == "classpulse_owner"
            assert asyncio.run(ask(server.url, "select count(*) from kept")) == 0
            owner = "select pg_get_userbyid(relowner) from pg_class where relname = 'kept'"
            assert asyncio.run(ask(server.url, owner)) == "classpulse_owner"
            # an address that somebody saved acts as the role of today
            assert asyncio.run(ask(saved, "select current_user")) == "classpulse_owner"
            assert asyncio.run(ask(saved, "select current_schema()")) == "public"
            asyncio.run(ask(saved, "reset all"))
            assert asyncio.run(ask(saved, "select rolsuper from pg_roles where oid = 10"))
    assert postmaster(data_dir) is None


@pytest.mark.reliability("search path into the machinery")
def test_a_role_in_use_by_an_earlier_version_is_left_until_it_has_gone(data_dir):
    made_earlier(data_dir)
    with another_start(data_dir, Postmaster(data_dir / "postgres")), embedded(data_dir) as server:
        assert urlsplit(server.url).username == EARLIER_ROLE
        assert asyncio.run(ask(server.url, "select count(*) from kept")) == 0
    with embedded(data_dir) as server:
        assert urlsplit(server.url).username == "classpulse_owner"


@pytest.mark.reliability("killed embedded Postgres")
def test_a_server_that_is_started_again_while_the_old_one_stops_is_let_be(data_dir, monkeypatch):
    # a watcher that looks all the time: the folder is never seen without a server
    monkeypatch.setattr("classpulse.database.embedded.cluster._WATCH_SECONDS", 0.001)
    with embedded(data_dir):
        for _ in range(3):
            stopped = postmaster(data_dir)
            stopping = threading.Thread(target=Postmaster(data_dir / "postgres").stop)
            stopping.start()
            alive_again(data_dir, stopped)
            fresh = postmaster(data_dir)
            stopping.join(10)
            assert not stopping.is_alive()
            assert postmaster(data_dir).pid == fresh.pid


def alive_again(data_dir, killed):
    deadline = time.monotonic() + 10
    while (process := postmaster(data_dir)) is None or process.pid == killed.pid:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def working_in(data_dir):
    """The processes of Postgres in it, no matter who started them."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() == str(data_dir / "postgres"):
                found.add(process.pid)
    return found


@pytest.mark.reliability("killed embedded Postgres")
async def test_a_killed_server_comes_back_while_a_backend_still_works(data_dir):
    async with embedded(data_dir) as server:
        await ask(server.url, "create table kept (id int)")
        busy = await asyncpg.connect(server.url)
        backend = await busy.fetchval("select pg_backend_pid()")
        # it looks at no latch, so it does not notice that its postmaster is gone
        loop = "do $$ begin for n in 1..2000000000 loop end loop; end $$"
        working = asyncio.create_task(busy.execute(loop))
        await asyncio.sleep(0.2)
        killed = postmaster(data_dir)
        killed.kill()
        await asyncio.to_thread(alive_again, data_dir, killed)
        with pytest.raises((asyncpg.PostgresError, OSError, asyncpg.InterfaceError)):
            await working
        assert backend not in working_in(data_dir)
        async with asyncio.timeout(10):
            while True:
                try:
                    assert await ask(server.url, "select count(*) from kept") == 0
                    break
                except (asyncpg.PostgresError, OSError):
                    await asyncio.sleep(0.05)


@pytest.mark.reliability("killed embedded Postgres")
def test_of_many_users_one_starts_it_again(data_dir):
    with embedded(data_dir) as server, another_process(data_dir) as other:
        assert other.stdout.readline().strip() == server.url
        for _ in range(3):
            killed = postmaster(data_dir)
            killed.kill()
            alive_again(data_dir, killed)
            time.sleep(1)
            first = postmaster(data_dir)
            family = {first.pid, *(child.pid for child in first.children())}
            assert working_in(data_dir) <= family
            assert asyncio.run(ask(server.url)) == 1
        # the one that did not start it goes on when the other has left
        other.communicate("")
        assert asyncio.run(ask(server.url)) == 1
    assert postmaster(data_dir) is None
