"""Every error is a problem, every answer carries its headers."""

import re
from collections.abc import AsyncIterator
from typing import Any

import anyio
import asyncpg
import httpx2
import pytest
from starlette.routing import Mount, Route

from classpulse.serve import cursors, snapshot
from classpulse.serve.api import listing, overview
from classpulse.serve.pages import subjects as subjects_page
from classpulse.serve.problems import AWAY
from serve.conftest import API, Client, serving


def check_problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"].endswith(".")
    return body


async def test_unknown_addresses_and_methods_are_problems(reader: Client) -> None:
    for path in ("/api", "/api/v1/nothing", f"{API}/nothing", "/nothing", "/api/v1/auth/nothing"):
        check_problem(await reader.http.get(path), 404)
    for method, path in (
        ("POST", f"{API}/overview"),
        ("DELETE", f"{API}/section/1"),
        ("GET", f"{API}/filtered"),
        ("GET", "/api/v1/auth/login"),
        ("PUT", "/healthz"),
    ):
        answer = await reader.http.request(method, path)
        check_problem(answer, 405)
        assert answer.headers["allow"]


def methods_by_path(routes: list[Any], prefix: str = "") -> dict[str, set[str]]:
    """What each address takes, in whatever number of routes."""
    found: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, Mount):
            for path, methods in methods_by_path(route.routes, prefix + route.path).items():
                found.setdefault(path, set()).update(methods)
        elif isinstance(route, Route):
            path = re.sub(r"\{.*?\}", "1", prefix + route.path)
            found.setdefault(path, set()).update(route.methods or {"GET", "HEAD"})
    return found


async def test_a_wrong_method_is_told_all_that_an_address_takes(reader: Client) -> None:
    takes = methods_by_path(reader.app.routes)
    assert takes["/login"] == {"GET", "HEAD", "POST"}
    for path, methods in takes.items():
        answer = await reader.http.request("PATCH", path)
        check_problem(answer, 405)
        assert set(answer.headers["allow"].split(", ")) == methods, path


async def test_health_refuses_what_it_does_not_know(reader: Client) -> None:
    for path in ("/healthz", "/readyz"):
        problem = check_problem(await reader.http.get(f"{path}?verbose=1"), 400)
        assert "verbose" in problem["detail"]


async def test_without_a_token_every_route_is_401(reader: Client) -> None:
    for path in ("overview", "sections", "section/1", "section/1/attendance", "subjects",
                 "subject/1", "students", "student/1", "exams", "exam/1", "terms", "events",
                 "stream"):  # fmt: skip
        answer = await reader.http.get(f"{API}/{path}")
        check_problem(answer, 401)
    check_problem(await reader.http.post(f"{API}/filtered", json={}), 401)
    for path in ("refresh", "logout"):
        check_problem(await reader.http.post(f"/api/v1/auth/{path}"), 401)
    check_problem(await reader.http.get("/api/v1/auth/me"), 401)


async def test_a_failure_leaks_nothing(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret table name")

    monkeypatch.setattr(overview, "overview_of", fail)
    answer = await reader.get("/overview")
    check_problem(answer, 500)
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_view_that_fails_is_a_page_that_says_so(
    reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret table name")

    monkeypatch.setattr(subjects_page, "subjects_listed", fail)
    answer = await reader.http.get("/subjects", headers=reader.as_(1))
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "went wrong here" in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize("after", [("\0", 1), ("A", 2**70)])
async def test_a_value_that_the_database_refuses_is_a_page_for_a_person(
    reader: Client, after: tuple[str, int]
) -> None:
    cursor = cursors.write(listing.After("name", False, None, *after))
    answer = await reader.http.get(f"/sections?cursor={cursor}", headers=reader.as_(1))
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    check_problem(await reader.get("/sections", cursor=cursor), 400)


async def test_every_answer_carries_its_headers(reader: Client) -> None:
    api, refused, page = (
        await reader.get("/overview"),
        await reader.http.get("/nothing"),
        await reader.http.get("/login"),
    )
    for answer in (api, refused, page):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"]
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
    assert api.headers["cache-control"] == "no-store"


async def test_another_site_reads_nothing_unless_it_was_allowed(
    reader: Client, school_url: str
) -> None:
    origin = {"Origin": "https://app.test"}
    preflight = origin | {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization",
    }
    closed = await reader.http.get(f"{API}/overview", headers=reader.as_(1) | origin)
    assert not [name for name in closed.headers if name.startswith("access-control")]
    assert (await reader.http.options(f"{API}/overview", headers=preflight)).status_code == 405
    async with serving(school_url, cors_origins=("https://app.test",)) as client:
        allowed = await client.http.get(f"{API}/overview", headers=client.as_(1) | origin)
        assert allowed.headers["access-control-allow-origin"] == "https://app.test"
        asked = await client.http.options(f"{API}/overview", headers=preflight)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == "https://app.test"
        other = await client.http.get(
            f"{API}/overview", headers=client.as_(1) | {"Origin": "https://evil.test"}
        )
        assert "access-control-allow-origin" not in other.headers
        refused = await client.http.get(f"{API}/overview", headers=origin)
        assert refused.headers["access-control-allow-origin"] == "https://app.test"


@pytest.fixture
async def door(cluster: Any, school_url: str) -> AsyncIterator[Any]:
    """Shuts and opens the database, as an outage does."""
    name = school_url.rpartition("/")[2]

    async def shut() -> None:
        cluster.run(f"alter database {name} allow_connections false")
        cluster.run(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = $1", name
        )

    async def open_() -> None:
        cluster.run(f"alter database {name} allow_connections true")

    yield shut, open_
    await open_()


async def test_an_outage_is_503_and_passes(client: Client, door: Any) -> None:
    shut, open_ = door
    await client.read("/overview")
    await shut()
    # more often than there are connections: none may be lost
    for _ in range(20):
        answer = await client.get("/overview")
        check_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
    ready = await client.http.get("/readyz")
    assert ready.status_code == 503
    body = ready.json()
    assert body["live"] is False
    assert ["the database does not answer" in reason for reason in body["reasons"]] == [True]
    assert (await client.http.get("/healthz")).status_code == 200
    await open_()
    for _ in range(20):
        await client.read("/overview")


async def test_a_connection_lost_in_the_middle_is_given_back(
    client: Client, cluster: Any, school_url: str
) -> None:
    database = client.app.state.database

    async def lose_one() -> None:
        async with snapshot.snapshot(database) as reader:
            row = await reader.only("select pg_backend_pid() as pid")
            cluster.run("select pg_terminate_backend($1)", row["pid"])
            await reader.only("select 1 as one")

    for _ in range(12):
        with pytest.raises((*AWAY, asyncpg.PostgresError)):
            await lose_one()
    await client.read("/overview")


async def test_a_full_pool_is_503_in_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_WAIT", 0.3)
    database = client.app.state.database

    async def hold() -> None:
        async with snapshot.snapshot(database):
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(hold)
        await anyio.sleep(0.3)
        with anyio.fail_after(3):
            check_problem(await client.get("/overview"), 503)
        tasks.cancel_scope.cancel()
    await client.read("/overview")


async def test_an_answer_can_write_nothing(client: Client) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with snapshot.snapshot(client.app.state.database) as reader:
            await reader.all("update public.schools set name = 'x' returning id")


async def test_no_plan_is_kept_that_was_made_for_anything(school_url: str) -> None:
    database = snapshot.open_pool(school_url, pooled=False, max_size=1)
    async with database, snapshot.one_statement(database) as reader:
        for section_id in range(12):
            await reader.one(
                "select from student_performance_summaries as s where s.section_id = :section",
                section=section_id,
            )
        kept = await reader.only(
            "select sum(generic_plans) as generic, sum(custom_plans) as custom"
            " from pg_prepared_statements where parameter_types <> '{}'"
        )
    assert kept["generic"] == 0
    assert kept["custom"] >= 12
