"""Ready says that figures can be served; live, that a change made now would arrive."""

import asyncio
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import anyio
import asyncpg
import pytest

from classpulse.database.install.migrate import migrate
from serve.conftest import Client, serving


async def ready(client: Client) -> tuple[int, dict[str, Any]]:
    answer = await client.http.get("/readyz")
    return answer.status_code, answer.json()


async def until(client: Client, *, live: bool, seconds: float = 15) -> dict[str, Any]:
    """What readyz says once it is (not) live; it never stops being ready meanwhile."""
    with anyio.fail_after(seconds):
        while True:
            status, body = await ready(client)
            assert status == 200, body
            if body["live"] is live:
                return body
            await asyncio.sleep(0.05)


async def test_live_only_on_proof(client: Client) -> None:
    body = await until(client, live=True)
    assert body["status"] == "ready"
    assert (body["reasons"], body["notes"]) == ([], [])
    assert (body["set_aside"], body["set_aside_since"], body["found_late"]) == (0, None, 0)


async def test_all_who_ask_at_once_share_one_look_at_the_database(
    client: Client, tool: Any
) -> None:
    """Nobody counts these requests, so they must not take the pool from those who work."""
    sessions = (
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and application_name = 'classpulse serve'"
    )
    await until(client, live=True)
    before = await tool.fetchval(sessions)
    answers = await asyncio.gather(*(ready(client) for _ in range(60)))
    assert {status for status, _ in answers} == {200}
    assert await tool.fetchval(sessions) <= before + 1
    assert (await client.http.get("/readyzzz")).status_code == 404


@pytest.mark.reliability("a routine act stops what is live")
async def test_a_trigger_that_cannot_be_put_back_yet_is_said_and_figures_are_served(
    client: Client, school_url: str
) -> None:
    await until(client, live=True)
    busy = await asyncpg.connect(school_url)
    other = await asyncpg.connect(school_url)
    try:
        await other.execute("alter table grades disable trigger user")
        await busy.execute("begin; lock table grades in row exclusive mode")
        body = await until(client, live=False, seconds=20)
        if not any("trigger" in reason for reason in body["reasons"]):
            body = await until(client, live=False)
        assert any("grades: the trigger" in reason for reason in body["reasons"]), body
        assert all("classpulse migrate" in reason for reason in body["reasons"])
        await client.read("/overview")
        await busy.execute("rollback")
        await until(client, live=True, seconds=30)
    finally:
        await busy.close()
        await other.close()


async def test_a_database_that_is_read_only_is_said_to_be(school_url: str, cluster: Any) -> None:
    name = urlsplit(school_url).path.lstrip("/")
    cluster.run(f"alter database {name} set default_transaction_read_only = on")
    async with serving(school_url) as client:
        body = await until(client, live=False)
        assert len(body["reasons"]) == 1
        assert "read-only" in body["reasons"][0]
        await client.read("/overview")


@pytest.mark.reliability("a policy hides rows from the owner")
async def test_rows_hidden_by_a_policy_are_said_with_table_and_act(cluster: Any) -> None:
    cluster.run("create role hidden_owner login createrole password 'x'")
    name = cluster.create()
    cluster.run(f"alter database {name} owner to hidden_owner")
    parts = urlsplit(cluster.url_of(name))
    place = parts.netloc.rpartition("@")[2]
    url = urlunsplit(parts._replace(netloc=f"hidden_owner:x@{place}"))
    try:
        await migrate(url)
        async with serving(url) as client:
            await until(client, live=True)
            admin = await asyncpg.connect(cluster.url_of(name))
            await admin.execute("alter table grades enable row level security")
            await asyncio.sleep(4)
            await until(client, live=True)
            await admin.execute("alter table grades force row level security")
            body = await until(client, live=False)
            assert "rows of grades from role hidden_owner" in body["reasons"][0]
            assert "no force row level security" in body["reasons"][0]
            await admin.execute("alter table grades no force row level security")
            await until(client, live=True)
            await admin.close()
    finally:
        cluster.drop(name)
        cluster.run("drop role hidden_owner")
