"""Which pages may log in, write and open sockets: ours, behind whatever proxy."""

from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from classpulse.serve.auth import tokens
from classpulse.serve.auth.caller import COOKIE
from serve.conftest import API, PASSWORD, SECRET, Client, serving
from serve.live import listening, token

AUTH = "/api/v1/auth"
PUBLIC = "https://grades.school.example"
# What nginx sends on without a `proxy_set_header Host`.
REWRITTEN = {"Host": "classpulse_upstream"}
KINDS = ("login", "write", "logout", "login page", "logout page")


async def ask(client: Client, kind: str, headers: dict[str, str]) -> int:
    """The status of one request that must come from our own pages; 303: the page lets it pass."""
    client.http.cookies.clear()
    mine = client.as_(1)["Authorization"].removeprefix("Bearer ")
    csrf = tokens.csrf(SECRET, tokens.read(SECRET, mine).jti)
    cookie = {"Cookie": f"{COOKIE}={mine}", "X-CSRF-Token": csrf}
    credentials = {"email": "ann@north.school", "password": PASSWORD}
    send: dict[str, Any]
    match kind:
        case "login":
            path, send = f"{AUTH}/login", {"json": credentials}
        case "write":
            path, send = f"{API}/filtered", {"json": {}}
        case "logout":
            path, send = f"{AUTH}/logout", {}
        case "login page":
            path, send = "/login", {"data": credentials}
        case "logout page":
            path, send = "/logout", {"data": {"csrf_token": csrf}}
    if not kind.startswith("login"):
        headers = cookie | headers
    answer = await client.http.post(path, headers=headers, follow_redirects=False, **send)
    if kind == "logout page":
        return 403 if answer.headers["location"] == "/" else 200
    return 200 if answer.status_code in (204, 303) else answer.status_code


OURS = [
    {},
    {"Origin": "http://school.test"},
    {"Origin": "https://school.test"},
    {"Origin": "HTTP://School.Test"},
    {"Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"} | REWRITTEN,
    {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin"} | REWRITTEN,
]
FOREIGN = [
    {"Origin": PUBLIC} | REWRITTEN,
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://["},
    {"Origin": "http://[::1"},
    {"Origin": "http://[::1]]"},
    {"Origin": "http://\u2100.test"},
    {"Origin": "//"},
    {"Origin": "http://school.test, http://evil.test"},
    # a neighbour under the same domain, and a page that has the name of our host
    {"Origin": "https://other.school.test", "Sec-Fetch-Site": "same-site"},
    {"Origin": "http://school.test", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://school.test", "Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": ""},
    {"Host": "[", "Origin": "http://["},
]


def raw(headers: dict[str, str]) -> Any:
    return {name: value.encode("utf-8") for name, value in headers.items()}


@pytest.mark.reliability("own pages behind a proxy, foreign pages with odd origins")
@pytest.mark.parametrize("kind", KINDS)
async def test_our_own_pages_pass_and_no_others(client: Client, kind: str) -> None:
    for headers in OURS:
        assert await ask(client, kind, raw(headers)) == 200, headers
    for headers in FOREIGN:
        assert await ask(client, kind, raw(headers)) == 403, headers


@pytest.mark.parametrize("kind", KINDS)
async def test_the_public_origin_is_ours_behind_a_proxy_that_rewrites_the_host(
    school_url: str, kind: str
) -> None:
    async with serving(school_url, origins=(PUBLIC, "https://old.example")) as client:
        for origin in (PUBLIC, "https://old.example"):
            assert await ask(client, kind, {"Origin": origin} | REWRITTEN) == 200
        for origin in ("http://grades.school.example", f"{PUBLIC}:444", f"{PUBLIC}.evil.test"):
            assert await ask(client, kind, {"Origin": origin} | REWRITTEN) == 403


async def test_a_socket_is_opened_by_our_own_pages_alone(school_url: str) -> None:
    async with listening(school_url, origins=(PUBLIC,)) as live:
        address = f"ws://127.0.0.1:{live.port}{API}/ws/performance/1"

        async def status(**headers: str) -> int:
            sent = {"Authorization": f"Bearer {token(1)}"}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            try:
                async with connect(address, additional_headers=sent) as socket:
                    await socket.recv()
                    return 101
            except InvalidStatus as refused:
                return refused.response.status_code

        assert await status(Origin=PUBLIC) == 101
        assert await status(Origin="https://x.example", Sec_Fetch_Site="same-origin") == 101
        for origin in ("http://[", "http://[::1", "null", "https://x.example"):
            assert await status(Origin=origin) == 403
        assert await status(Origin=PUBLIC + ".x", Sec_Fetch_Site="same-site") == 403


@pytest.mark.reliability("clients of other origins and their headers")
@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", "authorization,cache-control,last-event-id"),
        ("GET", "authorization,x-requested-with"),
        ("GET", "authorization,pragma,accept"),
        ("GET", "traceparent,sentry-trace,baggage"),
        ("POST", "content-type,x-csrf-token"),
    ],
)
async def test_another_origin_that_is_allowed_may_send_what_its_clients_send(
    school_url: str, method: str, headers: str
) -> None:
    stream = f"{API}/stream"
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    async with (
        listening(school_url, cors_origins=("https://portal.example",)) as live,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{live.port}") as http,
    ):
        allowed = await http.options(stream, headers=asked | {"Origin": "https://portal.example"})
        assert allowed.status_code == 200
        listed = {h.strip() for h in allowed.headers["access-control-allow-headers"].split(",")}
        assert set(headers.split(",")) <= {name.lower() for name in listed}
        assert allowed.headers["access-control-allow-origin"] == "https://portal.example"
        refused = await http.options(stream, headers=asked | {"Origin": "https://evil.example"})
        assert refused.status_code == 400
        assert "access-control-allow-origin" not in refused.headers
