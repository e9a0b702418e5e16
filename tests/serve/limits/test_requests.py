"""How many requests an address and an educator may send, in all processes together."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from databases import Database
from limits import RateLimitItemPerMinute
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from processes import serving as running

from classpulse.serve.auth import tokens
from classpulse.serve.limits import request_counts
from classpulse.serve.limits.address import network_of
from classpulse.serve.limits.request_counts import RequestCounts
from serve.conftest import API, PASSWORD, serving


async def early_in_a_minute(seconds: float = 15.0) -> None:
    """So that a window does not turn over within a test."""
    left = 60 - time.time() % 60
    if left < seconds:
        await asyncio.sleep(left)


async def let_through(ask: Callable[[], Awaitable[Any]], tries: int) -> int:
    statuses = [(await ask()).status_code for _ in range(tries)]
    assert set(statuses) <= {200, 429}
    # what is refused once is refused until there is room again
    assert statuses == sorted(statuses)
    return statuses.count(200)


async def test_who_asks_too_often_is_told_when_to_come_back(school_url: str) -> None:
    await early_in_a_minute()
    async with serving(school_url, request_limit=(10, 0)) as client:
        assert await let_through(lambda: client.get("/terms"), 12) == 10
        refused = await client.get("/terms")
        assert refused.headers["content-type"] == "application/problem+json"
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert refused.headers["retry-after"] in refused.json()["detail"]
        # another educator at the same address, and one whom nobody knows
        assert (await client.get("/terms", 2)).status_code == 200
        assert (await client.http.get(f"{API}/terms")).status_code == 401


async def test_a_long_session_counts_as_a_short_one(school_url: str) -> None:
    await early_in_a_minute()
    async with serving(school_url, request_limit=(3, 0), session_days=365) as client:
        older = client.as_(1, auth_time=time.time() - 100 * 86_400)
        assert await let_through(lambda: client.http.get(f"{API}/terms", headers=older), 5) == 3


async def test_a_page_refused_is_a_page(school_url: str) -> None:
    async with serving(school_url, request_limit=(0, 1)) as client:
        headers = {"Accept": "text/html"}
        await client.http.get("/login", headers=headers)
        refused = await client.http.get("/login", headers=headers)
        assert refused.status_code == 429
        assert refused.headers["content-type"].startswith("text/html")
        assert "Try again in" in refused.text
        assert int(refused.headers["retry-after"]) > 0


async def test_files_and_health_count_nothing(school_url: str) -> None:
    async with serving(school_url, request_limit=(0, 1)) as client:
        for path in ("/healthz", "/readyz", "/static/css/none.css"):
            for _ in range(3):
                assert (await client.http.get(path)).status_code != 429
        assert (await client.http.get("/login")).status_code == 200


async def test_an_address_is_limited_for_all_its_users(school_url: str) -> None:
    await early_in_a_minute()
    async with serving(school_url, request_limit=(0, 10)) as client:
        asked = iter(range(100))
        assert await let_through(lambda: client.get("/terms", next(asked) % 4 + 1), 14) == 10


async def test_processes_count_together(school_url: str) -> None:
    await early_in_a_minute(30)
    async with (
        serving(school_url, request_limit=(100, 0)) as first,
        serving(school_url, request_limit=(100, 0)) as second,
    ):
        assert await let_through(lambda: first.get("/terms"), 70) == 70
        # the first one's rest is merged within half a second
        await asyncio.sleep(1)
        through = await let_through(lambda: second.get("/terms"), 60)
        assert 30 <= through <= 30 + 100 // 20 + 2
        # it hears of the second one's with what it tells next
        assert await let_through(lambda: first.get("/terms"), 20) <= 100 // 20 + 2


async def test_the_time_to_wait_is_true(school_url: str) -> None:
    database = Database(school_url)
    now = 60_000_010.0
    counts = RequestCounts(database, clock=lambda: now)
    limiter, limit = SlidingWindowCounterRateLimiter(counts), RateLimitItemPerMinute(30)
    for spread in (0.0, 0.5, 1.5):
        # some windows later, with what was asked before spread over time
        now += 600
        for _ in range(30):
            assert await limiter.hit(limit, "me")
            now += spread
        while await limiter.hit(limit, "me"):
            pass
        reset, _ = await limiter.get_window_stats(limit, "me")
        wait = reset - time.time()
        assert 0 < wait <= 60
        now += wait + 0.05
        assert await limiter.hit(limit, "me"), spread


async def test_counts_that_wait_too_long_for_postgres_are_forgotten_and_end_nothing(
    school_url: str, tool: Any
) -> None:
    now = 60_000_010.0
    async with Database(school_url) as database:
        counts = RequestCounts(database, clock=lambda: now)
        for name in ("one", "other"):
            assert await counts.acquire_sliding_window_entry(name, 10, 60)
        async with tool.transaction():
            await tool.execute("lock table classpulse.request_counts in exclusive mode")
            merging = asyncio.create_task(counts.merge())
            await asyncio.sleep(0.2)
            now += 600
            forgetting = asyncio.create_task(counts.forget(60))
            await asyncio.sleep(0.2)
            assert not merging.done()
        await asyncio.gather(merging, forgetting)
        # and the next are counted as ever
        assert await counts.acquire_sliding_window_entry("one", 2, 60)
        await counts.merge()
        assert (await counts.get_sliding_window("one", 60))[2] == 1


async def test_what_a_process_counts_alone_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_counts, "_REMEMBERED", 100)
    counts = RequestCounts(Database("postgresql:///nowhere"), clock=lambda: 60_000_010.0)
    for number in range(1000):
        assert await counts.acquire_sliding_window_entry(f"address {number}", 10, 60)
    assert (len(counts._known), len(counts._unmerged)) == (100, 100)


async def test_without_postgres_a_process_counts_alone(
    cluster: Any, school_template: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = cluster.create(school_template)
    await early_in_a_minute(30)
    async with serving(cluster.url_of(name), request_limit=(0, 20)) as client:
        cluster.drop(name)
        through = await let_through(lambda: client.http.get("/login"), 25)
        assert through == 20
        # long enough for some tries to merge
        await asyncio.sleep(3)
        assert (await client.http.get("/login")).status_code == 429
    said = [one for one in caplog.messages if "sharing the counts of requests" in one]
    assert len(said) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_addresses_of_one_subscriber_are_one(one: str, other: str) -> None:
    assert network_of(one) == network_of(other)


def test_addresses_of_others_are_others() -> None:
    assert len({network_of(one) for one in ("2001:db8:1:2::1", "2001:db8:1:3::1", "10.0.0.1")}) == 3


async def test_x_forwarded_for_is_believed_from_nobody_unless_told(school_url: str) -> None:
    async with serving(school_url, request_limit=(0, 10)) as client:
        asked = iter(range(100))

        def ask() -> Awaitable[Any]:
            headers = {"X-Forwarded-For": f"192.0.2.{next(asked)}"} | client.as_(1)
            return client.http.get(f"{API}/terms", headers=headers)

        await early_in_a_minute()
        assert await let_through(ask, 12) == 10


async def test_a_proxy_that_is_named_is_believed_up_to_the_last_address(school_url: str) -> None:
    async with serving(school_url, request_limit=(0, 3), forwarded_allow=("10.0.0.0/8",)) as client:

        def ask(chain: str) -> Awaitable[Any]:
            headers = {"X-Forwarded-For": chain} | client.as_(1)
            return client.http.get(f"{API}/terms", headers=headers)

        await early_in_a_minute()
        made_up = iter(range(100))
        # what a client itself claims stands left of what our proxies saw
        assert (
            await let_through(lambda: ask(f"198.51.100.{next(made_up)}, 192.0.2.7, 10.1.1.1"), 5)
            == 3
        )
        assert (await ask("192.0.2.8")).status_code == 200


async def test_the_cookie_is_secure_where_a_named_proxy_says_https(school_url: str) -> None:
    for allowed, secure in (((), False), (("10.0.0.1/32",), True)):
        async with serving(school_url, forwarded_allow=allowed) as client:
            answer = await client.http.post(
                "/api/v1/auth/login",
                json={"email": "ann@north.school", "password": PASSWORD},
                headers={"X-Forwarded-Proto": "https"},
            )
            cookies = answer.headers.get_list("set-cookie")
            assert [("secure" in one.lower()) for one in cookies] == [secure] * 2


async def test_uvicorns_own_setting_has_no_effect(
    school_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    body = json.dumps({"email": "ann@north.school", "password": PASSWORD}).encode()
    headers = {"Content-Type": "application/json", "X-Forwarded-Proto": "https"}
    for allowed, secure in (("", False), ("127.0.0.1", True)):
        with running(school_url, tmp_path / "log", CLASSPULSE_FORWARDED_ALLOW=allowed) as server:
            request = urllib.request.Request(f"{server.url}/api/v1/auth/login", body, headers)
            answer = await asyncio.to_thread(urllib.request.urlopen, request, timeout=10)
            with answer:
                cookies = answer.headers.get_all("set-cookie") or []
        assert [("secure" in one.lower()) for one in cookies] == [secure] * 2


async def test_a_token_is_checked_once_for_a_request(
    school_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    read = tokens.read

    def counted(secret: str, token: str, **options: Any) -> tokens.Claims:
        checked.append(token)
        return read(secret, token, **options)

    monkeypatch.setattr(tokens, "read", counted)
    async with serving(school_url, request_limit=(600, 1200)) as client:
        for path in (f"{API}/overview", "/students"):
            checked.clear()
            answer = await client.http.get(path, headers=client.as_(1))
            assert answer.status_code == 200
            assert len(checked) == 1
