"""Who loses the right to look loses it on every route, on every process, and on open streams.

Two real servers on one database. Each loss is asked of every route before and after, with the same
token, and a colleague who lost nothing goes on.
"""

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from processes import SECRET, STREAM, Server, command, curl, serving, surroundings
from serve.conftest import password_hash, school_template  # noqa: F401
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from classpulse.serve.auth import tokens

from .routes import Call, calls

IDS = dict.fromkeys(("section", "subject", "student", "exam", "grade", "term", "support"), 1)
REFUSED = {"api": 401, "stream": 401, "page": 303}
#: the promise is a second; a machine that runs other tests beside may need longer
PROMISED, PATIENCE = 1.0, 8.0
COLLEAGUE = 3  # the principal of the same school
#: who loses something in these tests; a principal has an answer of every route
VICTIMS = """
insert into educators (id, school_id, email, full_name, role)
select n, 1, 'victim' || n || '@north.school', 'Victim ' || n,
    case when n < 110 then 'principal' else 'educator' end
from generate_series(100, 120) as n;
insert into section_educators (section_id, educator_id)
select 1, n from generate_series(110, 120) as n;
"""


@dataclass
class Site:
    """Two servers, the database under them, and a client of each."""

    database_url: str
    tool: "asyncpg.Connection[asyncpg.Record]"
    servers: tuple[Server, Server]
    clients: tuple[httpx2.AsyncClient, httpx2.AsyncClient]

    async def add(self, educator: int, password: str) -> None:
        """A password by the command, as an administrator gives one."""
        await asyncio.to_thread(
            _run, self.database_url, "educator", "add", email_of(educator), "--name", "V",
            typed=password,
        )  # fmt: skip


def _run(url: str, *arguments: str, typed: str = "") -> str:
    done = subprocess.run(
        command(*arguments),
        env=surroundings(DATABASE_URL=url, CLASSPULSE_JWT_SECRET=SECRET),
        input=typed,
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout.strip()


def email_of(educator: int) -> str:
    return f"victim{educator}@north.school"


@pytest.fixture(scope="module")
async def site(cluster: Any, school_template: str, tmp_path_factory: Any) -> AsyncIterator[Site]:  # noqa: F811
    name = cluster.create(school_template)
    url, logs = cluster.url_of(name), tmp_path_factory.mktemp("logs")
    tool = await asyncpg.connect(url)
    await tool.execute(VICTIMS)
    async with AsyncExitStack() as stack:
        # every route is asked again and again, by one educator from one address
        unlimited = {"CLASSPULSE_REQUEST_LIMIT": "0"}
        servers = tuple(
            stack.enter_context(serving(url, Path(logs, f"{n}.log"), **unlimited)) for n in range(2)
        )
        clients = [
            await stack.enter_async_context(httpx2.AsyncClient(base_url=server.url, timeout=20))
            for server in servers
        ]
        yield Site(url, tool, servers, (clients[0], clients[1]))  # type: ignore[arg-type]
    await tool.close()
    cluster.drop(name)


@dataclass
class Streams:
    """An SSE stream and a WebSocket on each process, open with one token, and when each ended."""

    ended: dict[str, float] = field(default_factory=dict)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def streams(site: Site, token: str, educator: int) -> AsyncIterator[Streams]:
    open_ = Streams()
    ready: list[asyncio.Event] = []

    async def sse(name: str, url: str, is_ready: asyncio.Event) -> None:
        async for message in curl(url + STREAM, token):
            if message.event == "ready":
                is_ready.set()
        open_.ended[name] = time.monotonic()

    async def socket(name: str, url: str, is_ready: asyncio.Event) -> None:
        address = f"{url.replace('http', 'ws')}/ws/performance/{educator}"
        async with connect(address, additional_headers=bearer(token)) as websocket:
            with contextlib.suppress(ConnectionClosed):
                while True:
                    if json.loads(await websocket.recv())["type"] == "ready":
                        is_ready.set()
        open_.ended[name] = time.monotonic()

    for number, server in enumerate(site.servers):
        for kind, reader in (("stream", sse), ("socket", socket)):
            name, is_ready = f"{kind} on process {number + 1}", asyncio.Event()
            ready.append(is_ready)
            open_.names.append(name)
            open_.tasks.append(asyncio.create_task(reader(name, server.url, is_ready)))
    try:
        async with asyncio.timeout(20):
            for event in ready:
                await event.wait()
        yield open_
    finally:
        for task in open_.tasks:
            task.cancel()
        await asyncio.gather(*open_.tasks, return_exceptions=True)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def token_of(site: Site, educator: int) -> str:
    """As the command prints it for curl."""
    return await asyncio.to_thread(_run, site.database_url, "token", email_of(educator))


async def asked(client: httpx2.AsyncClient, call: Call, token: str) -> int:
    method = "HEAD" if call.kind == "stream" else call.method
    answer = await client.request(method, call.address, json=call.body, headers=bearer(token))
    return answer.status_code


# -- the losses -----------------------------------------------------------------------------------

Loss = Callable[[Site, int, str], Awaitable[None]]


async def a_new_password(site: Site, educator: int, token: str) -> None:
    await site.add(educator, "another long password")


async def another_role(site: Site, educator: int, token: str) -> None:
    await site.tool.execute("update educators set role = 'educator' where id = $1", educator)


async def deactivated(site: Site, educator: int, token: str) -> None:
    await site.tool.execute("update educators set is_active = false where id = $1", educator)


async def deleted(site: Site, educator: int, token: str) -> None:
    await site.tool.execute("delete from educators where id = $1", educator)


async def number_given_to_another(site: Site, educator: int, token: str) -> None:
    async with site.tool.transaction():
        await site.tool.execute("delete from educators where id = $1", educator)
        await site.tool.execute(
            "insert into educators (id, school_id, email, full_name, role)"
            " values ($1, 1, 'somebody.else@north.school', 'Else', 'principal')",
            educator,
        )


async def signed_out(site: Site, educator: int, token: str) -> None:
    answer = await site.clients[0].post("/api/v1/auth/logout", headers=bearer(token))
    assert answer.status_code == 204


async def signed_out_everywhere(site: Site, educator: int, token: str) -> None:
    """By another session of theirs, which is not the one that is watched."""
    other = await token_of(site, educator)
    answer = await site.clients[1].post(
        "/api/v1/auth/logout", headers=bearer(other), json={"everywhere": True}
    )
    assert answer.status_code == 204


LOSSES: dict[str, tuple[int, Loss]] = {
    "a new password": (100, a_new_password),
    "another role": (101, another_role),
    "deactivated": (102, deactivated),
    "deleted": (103, deleted),
    "the number given to another": (104, number_given_to_another),
    "signed out": (105, signed_out),
    "signed out everywhere": (106, signed_out_everywhere),
}


@pytest.mark.reliability("lost rights")
@pytest.mark.parametrize("loss", LOSSES)
async def test_a_lost_right_ends_every_route_stream_and_socket(
    site: Site, loss: str, record_property: Callable[[str, object], None]
) -> None:
    educator, lose = LOSSES[loss]
    if lose is a_new_password:
        await site.add(educator, "the password before")
    token = await token_of(site, educator)
    colleague = tokens.issue(SECRET, COLLEAGUE, "principal", timedelta(hours=1))
    ids = IDS | {"educator": educator}
    for client in site.clients:
        for call in calls(ids, kinds=REFUSED):
            if call.address.endswith("/refresh"):
                continue
            # a student's address leads to the card over the view
            leads_on = call.address == "/students/1"
            expected = (303,) if leads_on else (call.refused,) if call.refused else (200, 201, 204)
            assert await asked(client, call, token) in expected, (loss, call)

    async with streams(site, token, educator) as open_:
        await lose(site, educator, token)
        lost_at = time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(asyncio.shield(task) for task in open_.tasks))
        assert sorted(open_.ended) == sorted(open_.names), "streams that went on"
    slowest = max(open_.ended.values()) - lost_at
    record_property("slowest end of a stream, ms", round(1000 * max(0.0, slowest)))

    asked_of = 0
    for client in site.clients:
        for call in calls(ids, kinds=REFUSED, ending=True):
            status = await asked(client, call, token)
            assert status == REFUSED[call.kind], (loss, call, status)
            asked_of += 1
        assert await asked(client, Call("GET", "/api/v1/auth/me", "api"), colleague) == 200
    record_property("requests refused", asked_of)


@pytest.mark.reliability("lost rights")
async def test_a_section_taken_away_is_gone_on_both_processes_and_the_rest_stays(
    site: Site,
) -> None:
    educator = 110
    await site.tool.execute(
        "insert into section_educators (section_id, educator_id) values (2, $1)", educator
    )
    token = await token_of(site, educator)
    section = Call("GET", "/api/v1/performance/section/2", "api")
    kept = Call("GET", "/api/v1/performance/section/1", "api")
    for client in site.clients:
        assert await asked(client, section, token) == 200
    await site.tool.execute(
        "delete from section_educators where section_id = 2 and educator_id = $1", educator
    )
    for client in site.clients:
        assert await asked(client, section, token) == 404
        assert await asked(client, kept, token) == 200


@pytest.mark.reliability("lost rights")
async def test_a_table_emptied_and_loaded_again_lets_nobody_in_with_an_old_token(
    site: Site,
) -> None:
    """Last of all: it takes every educator of the school with it."""
    educator = 120
    await site.add(educator, "the password before")
    token = await token_of(site, educator)
    async with streams(site, token, educator) as open_:
        async with site.tool.transaction():
            await site.tool.execute("truncate educators restart identity cascade")
            await site.tool.execute(
                "insert into educators (id, school_id, email, full_name, role)"
                " values ($1, 1, 'new.head@north.school', 'New', 'principal')",
                educator,
            )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(asyncio.shield(task) for task in open_.tasks))
        assert sorted(open_.ended) == sorted(open_.names), "streams that went on"
    for client in site.clients:
        assert await asked(client, Call("GET", "/api/v1/auth/me", "api"), token) == 401
        answer = await client.post(
            "/api/v1/auth/login",
            json={"email": "new.head@north.school", "password": "the password before"},
        )
        assert answer.status_code == 401
