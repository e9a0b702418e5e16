"""Behind a hop that ends TLS, as a platform's router or a reverse proxy does."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import debian_servers
import httpx2
import pytest
from processes import STREAM, serving
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from serve.conftest import PASSWORD

LOGIN = "/api/v1/auth/login"
SOCKET = "/ws/performance/1"
FAILURES = 3


@dataclass
class Hop:
    """Ends TLS, says so, and appends the address of its client, which the test makes up."""

    upstream: int
    root: ssl.SSLContext
    client: str = "192.0.2.1"
    port: int = 0

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, whose first request alone is told about."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            inner_reader, inner = await asyncio.open_connection("127.0.0.1", self.upstream)
            head = await reader.readuntil(b"\r\n\r\n")
            told = f"X-Forwarded-For: {self.client}\r\nX-Forwarded-Proto: https\r\n\r\n"
            inner.write(head[:-2] + told.encode())
            await asyncio.gather(_pipe(reader, inner), _pipe(inner_reader, writer))

    @contextlib.asynccontextmanager
    async def browser(self, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
        """A client that trusts the hop's certificate and makes a connection for each request."""
        async with httpx2.AsyncClient(
            base_url=self.origin,
            verify=self.root,
            headers={"Connection": "close", "Origin": self.origin, **headers},
        ) as http:
            yield http


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def hop_to(port: int, certificate: Path) -> AsyncIterator[Hop]:
    hop = Hop(port, ssl.create_default_context(cafile=str(certificate)))
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server = await asyncio.start_server(hop.pass_on, "127.0.0.1", 0, ssl=ours)
    hop.port = server.sockets[0].getsockname()[1]
    try:
        yield hop
    finally:
        server.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return debian_servers.make_certificate(tmp_path_factory.mktemp("tls") / "hop", user=None)


@pytest.fixture(params=["127.0.0.1", ""], ids=["named", "not named"])
def allowed(request: pytest.FixtureRequest) -> str:
    """What ``CLASSPULSE_FORWARDED_ALLOW`` says of the hop."""
    return str(request.param)


@pytest.fixture
def port(school_url: str, tmp_path: Path, allowed: str) -> Iterator[int]:
    settings = {
        "CLASSPULSE_FORWARDED_ALLOW": allowed,
        "CLASSPULSE_LOGIN_LIMIT": f"0,{FAILURES}",
    }
    with serving(school_url, tmp_path / "log", **settings) as server:
        yield server.port


@pytest.fixture
async def hop(port: int, certificate: Path) -> AsyncIterator[Hop]:
    async with hop_to(port, certificate) as hop:
        yield hop


async def log_in(http: httpx2.AsyncClient, password: str = PASSWORD) -> httpx2.Response:
    return await http.post(LOGIN, json={"email": "ann@north.school", "password": password})


async def test_cookies_are_secure_behind_tls_that_is_believed_and_nowhere_else(
    hop: Hop, port: int, allowed: str
) -> None:
    direct = f"http://127.0.0.1:{port}"
    async with hop.browser() as http, httpx2.AsyncClient(base_url=direct) as plain:
        form = {"email": "ann@north.school", "password": PASSWORD}
        for answer, secure in (
            (await log_in(http), bool(allowed)),
            (await http.post("/login", data=form), bool(allowed)),
            (await log_in(plain), False),
        ):
            cookies = answer.headers.get_list("set-cookie")
            assert len(cookies) == 2, answer.text
            for cookie in cookies:
                attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
                assert ("secure" in attributes) is secure, cookie
                assert "samesite=lax" in attributes


async def test_a_limit_counts_the_clients_that_a_named_hop_tells(hop: Hop, allowed: str) -> None:
    # what a client claims itself stands left of what the hop saw
    async with hop.browser() as http:
        statuses = []
        for made_up in range(FAILURES + 1):
            http.headers["X-Forwarded-For"] = f"198.51.100.{made_up}"
            statuses.append((await log_in(http, "wrong")).status_code)
        assert statuses == [401] * FAILURES + [429]
        hop.client = "192.0.2.2"
        assert (await log_in(http, "wrong")).status_code == (401 if allowed else 429)


async def test_streams_and_sockets_pass_with_the_cookie_of_the_login(hop: Hop) -> None:
    async with hop.browser() as http:
        assert (await log_in(http)).status_code == 200
        cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
    async with (
        hop.browser(Cookie=cookie) as http,
        http.stream("GET", STREAM) as answer,
        connect(_wss(hop), additional_headers={"Cookie": cookie}, **_from(hop.origin, hop)) as two,
    ):
        assert answer.status_code == 200
        async with asyncio.timeout(10):
            lines = aiter(answer.aiter_lines())
            while await anext(lines) != "event: ready":
                pass
            assert json.loads(await two.recv())["type"] == "ready"
        for foreign in ("https://elsewhere.example", "null", f"https://localhost:{hop.upstream}"):
            with pytest.raises(InvalidStatus) as refused:
                await connect(
                    _wss(hop), additional_headers={"Cookie": cookie}, **_from(foreign, hop)
                )
            assert refused.value.response.status_code == 403


def _wss(hop: Hop) -> str:
    return f"wss://localhost:{hop.port}{SOCKET}"


def _from(origin: str, hop: Hop) -> dict[str, Any]:
    return {"origin": origin, "ssl": hop.root}
