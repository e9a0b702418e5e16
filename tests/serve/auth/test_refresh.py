"""A session goes on by new tokens, from one tab or two, and ends."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest

from classpulse.serve.auth import tokens
from classpulse.serve.auth.caller import COOKIE
from classpulse.serve.auth.scope import rights_of
from serve.conftest import PASSWORD, SECRET, Client, serving
from serve.live import listening

AUTH = "/api/v1/auth"
DAY = 86_400


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def old(days: float, **claims: Any) -> str:
    """A token of now, of a session that began so many days ago."""
    return tokens.issue(
        SECRET, 1, "educator", timedelta(hours=1), auth_time=time.time() - days * DAY, **claims
    )


async def login(client: Client) -> str:
    body = {"email": "ann@north.school", "password": PASSWORD}
    return str((await client.http.post(f"{AUTH}/login", json=body)).json()["access_token"])


async def refresh(client: Client, token: str) -> Any:
    client.http.cookies.clear()
    return await client.http.post(f"{AUTH}/refresh", headers=bearer(token))


async def me(client: Client, token: str) -> int:
    client.http.cookies.clear()
    return (await client.http.get(f"{AUTH}/me", headers=bearer(token))).status_code


async def grace_is_over(tool: Any) -> None:
    await tool.execute(
        "update classpulse.revoked_tokens set revoked_at = revoked_at - interval '61 seconds'"
    )


async def test_a_refreshed_token_says_when_its_session_began(client: Client) -> None:
    first = await login(client)
    began = tokens.read(SECRET, first).auth_time
    assert began == tokens.read(SECRET, first).issued_at
    older = old(3)
    new = (await refresh(client, older)).json()["access_token"]
    assert tokens.read(SECRET, new).auth_time == tokens.read(SECRET, older).auth_time
    assert tokens.read(SECRET, new).issued_at > time.time() - 60


async def test_two_tabs_that_refresh_at_once_both_go_on(client: Client, tool: Any) -> None:
    token = await login(client)
    one, two = await asyncio.gather(refresh(client, token), refresh(client, token))
    assert (one.status_code, two.status_code) == (200, 200)
    # a third one, whose page still has the old token in hand
    assert await me(client, token) == 200
    assert (await refresh(client, token)).status_code == 200
    await grace_is_over(tool)
    assert await me(client, token) == 401
    assert (await refresh(client, token)).status_code == 401
    for answer in (one, two):
        assert await me(client, answer.json()["access_token"]) == 200


async def test_a_token_costs_no_more_for_all_that_its_educator_has_ended(
    client: Client, tool: Any
) -> None:
    await tool.execute(
        "insert into classpulse.revoked_tokens (jti, educator_id, expires_at, revoked_at)"
        " select 'ended ' || n, 1, now() + interval '1 hour', now()"
        " from generate_series(1, 1000) as n"
    )
    database = client.app.state.database
    asked: dict[int, set[str]] = {1: {"ended 7", "holds"}, 2: {"ended 8"}}
    found = await rights_of(database, asked)
    # a token is its own educator's alone
    assert {one: set(found[one].revoked) for one in asked} == {
        1: {"ended 7", "ended 8"},
        2: set(),
    }
    assert await me(client, await login(client)) == 200


async def test_a_logout_ends_a_refreshed_token_without_its_grace(client: Client) -> None:
    token = await login(client)
    assert (await refresh(client, token)).status_code == 200
    client.http.cookies.clear()
    answer = await client.http.post(f"{AUTH}/logout", headers=bearer(token))
    assert answer.status_code == 204
    assert await me(client, token) == 401


async def test_an_open_stream_outlives_the_refresh_by_the_grace(school_url: str, tool: Any) -> None:
    async with listening(school_url) as live, serving(school_url) as client:
        token = await login(client)
        async with live.stream(bearer=token) as before:
            await before.until("ready")
            assert (await refresh(client, token)).status_code == 200
            async with live.stream(bearer=token) as within:
                await within.until("token_expiring")
                await tool.execute("update grades set score = 99 where id = 4")
                await before.until("grade_update")
                await grace_is_over(tool)
                await before.end(2)
                await within.end(2)
        async with live.stream(bearer=token) as after:
            assert after.status == 401


async def test_a_session_ends_after_its_days_however_often_it_was_refreshed(
    client: Client,
) -> None:
    last = await refresh(client, old(29.9))
    assert last.status_code == 200
    assert 0 < last.json()["expires_in"] <= 0.1 * DAY + 1
    cookie, _ = last.headers.get_list("set-cookie")
    assert cookie.startswith(f"{COOKIE}=")
    kept = int(cookie.partition("Max-Age=")[2].partition(";")[0])
    assert 0 <= last.json()["expires_in"] - kept <= 2
    over = await refresh(client, old(30.1))
    assert over.status_code == 401
    assert over.json()["detail"] == "A session ends after 30 days: log in again."
    assert await me(client, old(30.1)) == 401


async def test_a_database_that_takes_no_writes_signs_nobody_out(school_url: str, tool: Any) -> None:
    name = await tool.fetchval("select current_database()")
    await tool.execute(f'alter database "{name}" set default_transaction_read_only = on')
    async with serving(school_url) as client:
        answer = await refresh(client, old(1))
        assert answer.status_code == 200, answer.text
        assert await me(client, answer.json()["access_token"]) == 200


async def test_a_token_signed_elsewhere_ends_with_a_session_too(client: Client) -> None:
    now = int(time.time())
    claims = {"sub": "1", "role": "educator", "iat": now, "exp": now + 400 * DAY, "jti": "j"}
    assert await me(client, jwt.encode(claims, SECRET, "HS256")) == 200
    claims |= {"iat": now - 31 * DAY}
    assert await me(client, jwt.encode(claims, SECRET, "HS256")) == 401


async def test_the_days_of_a_session_are_a_setting(school_url: str) -> None:
    async with serving(school_url, session_days=1) as client:
        assert (await refresh(client, old(0.5))).status_code == 200
        over = await refresh(client, old(1.1))
        assert over.status_code == 401
        assert "1 days" not in over.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 204),
        (b"{}", 204),
        (b'{"everywhere": false}', 204),
        (b'{"everywhere": true}', 204),
        (b'{"everywhere": "yes"}', 422),
        (b'{"elsewhere": true}', 422),
        (b"{", 400),
    ],
)
async def test_a_logout_is_told_from_where(client: Client, body: bytes, status: int) -> None:
    here, there = await login(client), await login(client)
    client.http.cookies.clear()
    answer = await client.http.post(
        f"{AUTH}/logout", content=body, headers=bearer(here) | {"Content-Type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert await me(client, here) == (401 if status == 204 else 200)
    assert await me(client, there) == (401 if b": true" in body and status == 204 else 200)
