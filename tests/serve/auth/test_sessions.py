"""What ends a session ends it everywhere: in two server processes, on every kind of connection."""

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import pytest
from processes import STREAM, Server, command, serving, surroundings
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from serve.conftest import API, PASSWORD, SECRET

AUTH = "/api/v1/auth"
SECONDS = 1.0
Tool = asyncpg.Connection


@dataclass
class Two:
    """Two processes on one school."""

    url: str
    servers: tuple[Server, Server]

    def cli(self, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            command(*arguments),
            env=surroundings(DATABASE_URL=self.url, CLASSPULSE_JWT_SECRET=SECRET),
            input=given,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@pytest.fixture(scope="module")
def two(cluster: Any, school_template: str, tmp_path_factory: Any) -> Iterator[Two]:
    name = cluster.create(school_template)
    url, logs = cluster.url_of(name), tmp_path_factory.mktemp("sessions")
    with serving(url, logs / "a.log") as a, serving(url, logs / "b.log") as b:
        yield Two(url, (a, b))
    cluster.drop(name)


@pytest.fixture
async def tool(two: Two) -> AsyncIterator[Tool]:
    connection = await asyncpg.connect(two.url)
    yield connection
    await connection.close()


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient() as http:
        yield http


@dataclass
class Person:
    """An educator of this test's own, who teaches 10-A."""

    id: int
    email: str


async def newcomer(tool: Tool, email: str) -> int:
    return int(
        await tool.fetchval(
            "insert into educators (id, school_id, email, full_name)"
            " select max(id) + 1, 1, $1, 'Pat' from educators returning id",
            email,
        )
    )


@pytest.fixture
async def person(tool: Tool, password_hash: str, request: Any) -> Person:
    email = f"{abs(hash(request.node.name))}@north.school"
    id_ = await newcomer(tool, email)
    await tool.execute("insert into section_educators values (1, $1)", id_)
    await tool.execute(
        "insert into classpulse.passwords (educator_id, hash) values ($1, $2)", id_, password_hash
    )
    return Person(id_, email)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def login(
    http: httpx2.AsyncClient, server: Server, email: str, password: str = PASSWORD
) -> httpx2.Response:
    body = {"email": email, "password": password}
    return await http.post(f"{server.url}{AUTH}/login", json=body)


async def token_of(http: httpx2.AsyncClient, two: Two, person: Person) -> str:
    answer = await login(http, two.servers[0], person.email)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def statuses(http: httpx2.AsyncClient, two: Two, token: str) -> set[int]:
    """What both processes answer to a token, on a route and on a stream."""
    found = set()
    for server in two.servers:
        for method, path in (("GET", f"{API}/overview"), ("HEAD", STREAM)):
            answer = await http.request(method, server.url + path, headers=bearer(token))
            found.add(answer.status_code)
    return found


async def _sse(server: Server, token: str, opened: asyncio.Event) -> None:
    async with (
        httpx2.AsyncClient(timeout=30) as http,
        http.stream("GET", server.url + STREAM, headers=bearer(token)) as answer,
    ):
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line == "event: ready":
                opened.set()


async def _socket(server: Server, educator: int, token: str, opened: asyncio.Event) -> None:
    address = f"ws://127.0.0.1:{server.port}{API}/ws/performance/{educator}"
    async with connect(address, additional_headers=bearer(token)) as socket:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
                opened.set()
        assert socket.close_code == 4401


@asynccontextmanager
async def streaming(two: Two, educator: int, token: str) -> AsyncIterator[list[asyncio.Task[None]]]:
    """A stream and a socket on each process, all open."""
    tasks, ready = [], []
    for server in two.servers:
        ready += [asyncio.Event(), asyncio.Event()]
        tasks.append(asyncio.create_task(_sse(server, token, ready[-2])))
        tasks.append(asyncio.create_task(_socket(server, educator, token, ready[-1])))
    try:
        async with asyncio.timeout(20):
            for event in ready:
                await event.wait()
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def all_end(tasks: list[asyncio.Task[None]], since: float) -> None:
    """Every one ends by itself, within the second."""
    done, pending = await asyncio.wait(tasks, timeout=max(0.0, since + SECONDS - time.monotonic()))
    assert not pending
    for task in done:
        task.result()


Loss = Callable[[Two, Tool, Person, str], Awaitable[float]]


def by_sql(statements: str, *, replica: bool = False) -> Loss:
    """Statements of a database-side tool in one transaction; answers when they were committed."""

    async def run(_: Two, tool: Tool, person: Person, __: str) -> float:
        async with tool.transaction():
            if replica:
                await tool.execute("set local session_replication_role = replica")
            await tool.execute(statements.format(id=person.id, email=person.email))
        return time.monotonic()

    return run


async def new_password(two: Two, _: Tool, person: Person, __: str) -> float:
    two.cli("educator", "add", person.email, "--name", "Pat", given=f"{PASSWORD}\n")
    return time.monotonic()


async def signed_out_everywhere(two: Two, _: Tool, person: Person, token: str) -> float:
    async with httpx2.AsyncClient() as http:
        other = (await login(http, two.servers[0], person.email)).json()["access_token"]
        answer = await http.post(
            f"{two.servers[1].url}{AUTH}/logout", json={"everywhere": True}, headers=bearer(other)
        )
    assert answer.status_code == 204
    return time.monotonic()


_AGAIN = (
    "insert into educators (id, school_id, email, full_name) values ({id}, 1, '{email}', 'Zed')"
)
LOSSES: dict[str, Loss] = {
    "a new password": new_password,
    "a logout everywhere": signed_out_everywhere,
    "another role": by_sql("update educators set role = 'admin' where id = {id}"),
    "another role, under a sink": by_sql(
        "update educators set role = 'admin' where id = {id}", replica=True
    ),
    "another role and back": by_sql(
        "update educators set role = 'admin' where id = {id};"
        "update educators set role = 'educator' where id = {id}"
    ),
    "a deactivation": by_sql("update educators set is_active = false where id = {id}"),
    "off and on again": by_sql(
        "update educators set is_active = false where id = {id};"
        "update educators set is_active = true where id = {id}"
    ),
    "a deletion": by_sql("delete from educators where id = {id}"),
    "a reload under the same id": by_sql("delete from educators where id = {id};" + _AGAIN),
    "a reload under a sink": by_sql(
        "delete from educators where id = {id};" + _AGAIN, replica=True
    ),
    "a reload with the triggers off": by_sql(
        "delete from educators where id = {id};"
        "alter table educators disable trigger all;"
        + _AGAIN
        + ";alter table educators enable trigger all"
    ),
    "a row without its account": by_sql(
        "update educators set account_id = gen_random_uuid() where id = {id}"
    ),
}


@pytest.mark.reliability("sessions outlive what they rest on")
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("from_command", [False, True], ids=["login", "command"])
async def test_every_token_and_stream_of_before_ends_within_a_second(
    two: Two, tool: Tool, http: httpx2.AsyncClient, person: Person, kind: str, from_command: bool
) -> None:
    try:
        if from_command:
            token = two.cli("token", person.email)
        else:
            token = await token_of(http, two, person)
        witness = await token_of(http, two, Person(1, "ann@north.school"))
        assert await statuses(http, two, token) == {200}
        async with streaming(two, person.id, token) as theirs, streaming(two, 1, witness) as others:
            ended_at = await LOSSES[kind](two, tool, person, token)
            assert await statuses(http, two, token) == {401}
            await all_end(theirs, ended_at)
            assert not any(task.done() for task in others)
    finally:
        if "triggers off" in kind:
            await tool.execute("select classpulse.install_capture('public.educators', 'row')")


@pytest.mark.parametrize("kind", ["a new password", "a logout everywhere", "another role"])
async def test_a_token_of_the_same_second_holds(
    two: Two, tool: Tool, http: httpx2.AsyncClient, person: Person, kind: str
) -> None:
    before = await token_of(http, two, person)
    await LOSSES[kind](two, tool, person, before)
    after = await token_of(http, two, person)
    assert await statuses(http, two, before) == {401}
    assert await statuses(http, two, after) == {200}


async def test_an_educator_without_a_password_is_ended_by_their_first(
    two: Two, tool: Tool, http: httpx2.AsyncClient
) -> None:
    email = "first@north.school"
    id_ = await newcomer(tool, email)
    token = two.cli("token", email)
    async with streaming(two, id_, token) as theirs:
        ended_at = await new_password(two, tool, Person(id_, email), token)
        await all_end(theirs, ended_at)
    assert await statuses(http, two, token) == {401}


async def test_a_reload_by_truncation_ends_also_those_without_a_password(
    two: Two, tool: Tool, http: httpx2.AsyncClient
) -> None:
    """The last of this module: nobody of the school is left."""
    id_ = await newcomer(tool, "n@n.n")
    token = two.cli("token", "n@n.n")
    async with streaming(two, id_, token) as theirs:
        await tool.execute("truncate educators restart identity cascade")
        await all_end(theirs, time.monotonic())
    await tool.execute(
        "insert into educators (school_id, email, full_name)"
        " select 1, n || '@new.school', 'New' from generate_series(1, $1::bigint) as n",
        id_,
    )
    assert await tool.fetchval("select max(id) from educators") >= id_
    assert await statuses(http, two, token) == {401}
