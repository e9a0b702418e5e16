"""Every connection of a server is made as its address asks: by TLS, to the host that writes."""

import asyncio
import contextlib
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import debian_servers
import httpx2
import pytest
from processes import SECRET, STREAM, Server, admin_token, command, curl, serving, surroundings

from classpulse.database.connection import connect
from classpulse.database.install.migrate import migrate
from classpulse.errors import DatabaseError
from classpulse.project.lock import leader_session
from classpulse.serve.snapshot import open_pool

API = "/api/v1/performance"
SESSIONS = """
select a.application_name, bool_or(s.ssl) as some, bool_and(s.ssl) as every
from pg_stat_ssl as s join pg_stat_activity as a using (pid)
where a.application_name like 'classpulse %'
group by 1
"""
READS = ("overview", "sections", "students", "exams", "terms", "events")
FILES = ("csv", "xlsx", "pdf")


@pytest.fixture(scope="module")
def tls() -> Iterator[debian_servers.Postgres]:
    with debian_servers.postgres() as server:
        asyncio.run(migrate(server.url))
        yield server


@pytest.mark.reliability("options of the connection URL")
@pytest.mark.parametrize("mode", ["disable", "require", "verify-full"])
async def test_every_connection_of_a_server_uses_tls_as_asked(
    tls: debian_servers.Postgres, tmp_path: Path, mode: str
) -> None:
    root = f"&sslrootcert={tls.certificate}" if mode == "verify-full" else ""
    admin = await asyncpg.connect(tls.url, ssl="disable")
    token = await admin_token(admin)
    with serving(f"{tls.url}?sslmode={mode}{root}", tmp_path / "log") as server:
        async with contextlib.aclosing(curl(f"{server.url}{STREAM}?since=0", token)) as messages:
            await anext(messages)
            async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http:
                answer = await http.get(f"{server.url}{API}/overview")
                assert answer.status_code == 200
            sessions = await admin.fetch(SESSIONS)
    await admin.close()
    assert {session["application_name"] for session in sessions} >= {
        "classpulse serve",
        "classpulse listener",
        "classpulse projector",
        "classpulse canary",
    }
    for session in sessions:
        name, expected = session["application_name"], mode != "disable"
        assert session["some"] is session["every"] is expected, name


@pytest.fixture
def other_root(tls: debian_servers.Postgres) -> Path:
    """The certificate of somebody who did not sign the server's."""
    return debian_servers.make_certificate(tls.folder / "other")


@pytest.mark.reliability("options of the connection URL")
@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
async def test_no_connection_trusts_a_server_whose_root_is_another(
    tls: debian_servers.Postgres, other_root: Path, mode: str
) -> None:
    url = f"{tls.url}?sslmode={mode}&sslrootcert={other_root}"
    with pytest.raises(DatabaseError, match="TLS"):
        await connect(url, application_name="test")
    with pytest.raises(DatabaseError, match="TLS"):
        async with leader_session(url):
            pass
    with pytest.raises(ssl.SSLError):
        await open_pool(url, pooled=False).connect()


@pytest.mark.reliability("options of the connection URL")
def test_a_server_that_trusts_nobody_says_so_and_does_not_start(
    tls: debian_servers.Postgres, other_root: Path
) -> None:
    served = subprocess.run(
        command("serve", "--port", "0"),
        env=surroundings(
            DATABASE_URL=f"{tls.url}?sslmode=verify-full&sslrootcert={other_root}",
            CLASSPULSE_JWT_SECRET=SECRET,
        ),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert served.returncode == 2
    assert "TLS" in served.stderr
    assert "Traceback" not in served.stderr


@pytest.mark.reliability("statements left behind a pooler")
async def test_reports_pass_a_pooler_with_two_workers_and_after_a_restart(
    database_url: str, connection: Any, tmp_path: Path
) -> None:
    token = await admin_token(connection)
    paths = [f"{API}/{name}" for name in READS]
    paths += [f"{API}/reports/download?format={name}" for name in FILES]
    with debian_servers.pgbouncer(database_url) as pooled:
        for workers in ("1", "1", "2"):
            with serving(
                pooled,
                tmp_path / "log",
                CLASSPULSE_LISTEN_URL=database_url,
                WEB_CONCURRENCY=workers,
            ) as server:
                headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
                limits = httpx2.Limits(max_connections=8)
                async with httpx2.AsyncClient(headers=headers, timeout=60, limits=limits) as http:
                    answers = await asyncio.gather(
                        *(http.get(server.url + path) for path in paths * 4)
                    )
            failed = {(str(one.url), one.status_code) for one in answers if one.status_code != 200}
            assert failed == set()


@pytest.mark.reliability("failover")
async def test_a_server_follows_a_failover_to_the_host_that_writes(tmp_path: Path) -> None:
    with debian_servers.postgres() as first:
        await migrate(first.url)
        with debian_servers.postgres(of=first) as second:
            url = (
                f"postgresql://tester@localhost:{second.port},localhost:{first.port}/postgres"
                "?target_session_attrs=read-write&connect_timeout=3"
            )
            admin = await asyncpg.connect(first.url)
            token = await admin_token(admin)
            headers = {"Authorization": f"Bearer {token}"}
            with serving(url, tmp_path / "log") as server:
                await admin.fetchval("select pg_sleep(1)")  # the stand-by has got it all
                await admin.close()
                first.stop()
                second.promote()
                server.wait_until_ready()
                async with httpx2.AsyncClient(headers=headers) as http:
                    answer = await http.get(f"{server.url}{API}/overview")
                    assert answer.status_code == 200
                admin = await asyncpg.connect(second.url)
                names = await admin.fetch(SESSIONS)
                await admin.close()
                assert "classpulse projector" in {row["application_name"] for row in names}


@pytest.mark.reliability("read-only databases")
async def test_a_hot_standby_serves_the_figures(tmp_path: Path) -> None:
    with debian_servers.postgres() as first:
        await migrate(first.url)
        admin = await asyncpg.connect(first.url)
        token = await admin_token(admin)
        await admin.execute("insert into schools (name, time_zone) values ('Hill', 'UTC')")
        await admin.close()
        with debian_servers.postgres(of=first) as second:
            async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http:
                with _started(second.url, tmp_path / "log") as server:
                    deadline = time.monotonic() + 20
                    while True:
                        with contextlib.suppress(httpx2.TransportError):
                            answer = await http.get(f"{server}{API}/overview")
                            if answer.status_code == 200:
                                break
                        assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                        await asyncio.sleep(0.1)
                    for name in READS:
                        answer = await http.get(f"{server}{API}/{name}")
                        assert answer.status_code == 200, name
                    page = await http.get(f"{server}/", headers={"Accept": "text/html"})
                    assert page.status_code == 200


@pytest.mark.reliability("no connection left")
async def test_with_no_connection_left_people_are_told_and_an_open_stream_goes_on(
    tmp_path: Path,
) -> None:
    with debian_servers.postgres(max_connections="20") as full:
        await migrate(full.url)
        admin = await asyncpg.connect(full.url)
        token = await admin_token(admin)
        headers = {"Authorization": f"Bearer {token}"}
        with serving(full.url, tmp_path / "log") as server:
            async with (
                contextlib.aclosing(curl(f"{server.url}{STREAM}", token)) as messages,
                httpx2.AsyncClient(headers=headers, timeout=20) as http,
            ):
                assert (await anext(messages)).event == "ready"
                taken = await _take_all(full.url, admin)
                for path, kind in (("/", "text/html"), (f"{API}/overview", "application/problem")):
                    answer = await http.get(server.url + path, headers={"Accept": kind})
                    assert answer.status_code == 503, path
                    assert int(answer.headers["Retry-After"]) > 0
                    assert answer.headers["Content-Type"].startswith(kind)
                    assert "again in a moment" in answer.text
                opened = await http.get(server.url + STREAM)
                assert opened.status_code == 503
                await asyncio.gather(*(one.close() for one in taken))
                server.wait_until_ready()
                assert (await http.get(f"{server.url}{API}/overview")).status_code == 200
                await admin.execute("insert into schools (name, time_zone) values ('A', 'UTC')")
                await admin.execute(
                    "insert into students (school_id, student_number, first_name)"
                    " select id, 'S1', 'Ann' from schools"
                )
                async with asyncio.timeout(20):
                    async for message in messages:
                        if message.event == "roster_update":
                            break
        await admin.close()


async def _take_all(url: str, admin: Any) -> list[Any]:
    """Every connection of the server but ``admin``, also those that others had."""
    taken: list[Any] = []
    while True:
        try:
            taken.append(await asyncpg.connect(url))
        except asyncpg.TooManyConnectionsError:
            ended = await admin.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where application_name like 'classpulse %'"
            )
            if ended == 0:
                return taken


@contextlib.contextmanager
def _started(url: str, log: Path) -> Iterator[str]:
    """A server that may never say that it is live; its address."""
    server = Server(url, log)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()
