import statistics
import time
from datetime import timedelta
from typing import Any

import asyncpg
import httpx2
import jwt
import pytest

from classpulse.serve.auth import tokens
from classpulse.serve.auth.caller import COOKIE, CSRF_COOKIE
from serve.conftest import API, PASSWORD, SECRET, Client, serving

AUTH = "/api/v1/auth"


async def login(client: Client, email: str = "ann@north.school", **changes: Any) -> httpx2.Response:
    body = {"email": email, "password": PASSWORD} | changes
    return await client.http.post(f"{AUTH}/login", json=body)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_login_gives_a_token_for_curl_and_a_cookie_for_the_browser(client: Client) -> None:
    answer = await login(client, "ANN@north.SCHOOL")
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 12 * 3600
    assert body["educator"] == {
        "id": 1,
        "name": "Ann",
        "email": "Ann@North.school",
        "role": "educator",
        "school_id": 1,
        "section_ids": [1, 4],
    }
    token, csrf = answer.headers.get_list("set-cookie")
    assert token.startswith(f"{COOKIE}={body['access_token']};")
    assert "HttpOnly" in token
    assert "samesite=lax" in token.lower()
    assert "secure" not in token.lower()
    assert csrf.startswith(f"{CSRF_COOKIE}={body['csrf_token']};")
    assert "HttpOnly" not in csrf

    client.http.cookies.clear()
    by_bearer = await client.http.get(f"{AUTH}/me", headers=bearer(body["access_token"]))
    by_cookie = await client.http.get(
        f"{AUTH}/me", headers={"Cookie": f"{COOKIE}={body['access_token']}"}
    )
    assert by_bearer.json()["email"] == by_cookie.json()["email"] == "Ann@North.school"
    assert by_cookie.json()["csrf_token"] == body["csrf_token"]


async def test_the_cookie_is_secure_under_https(client: Client) -> None:
    answer = await client.http.post(
        f"https://school.test{AUTH}/login",
        json={"email": "ann@north.school", "password": PASSWORD},
    )
    assert all("secure" in cookie.lower() for cookie in answer.headers.get_list("set-cookie"))


async def test_a_failed_login_tells_nothing(client: Client) -> None:
    failures = [
        await login(client, password="wrong"),
        await login(client, email="nobody@north.school"),
        await login(client, email="gone@north.school"),
        await login(client, email="gone@north.school", password="wrong"),
    ]
    assert {answer.status_code for answer in failures} == {401}
    assert len({answer.content for answer in failures}) == 1
    assert not any("set-cookie" in answer.headers for answer in failures)


async def test_an_unknown_email_takes_as_long_as_a_wrong_password(client: Client) -> None:
    times: dict[str, list[float]] = {"ann@north.school": [], "nobody@north.school": []}
    await login(client, email="warm@north.school")
    for _ in range(6):
        for email, spent in times.items():
            start = time.perf_counter()
            await login(client, email=email, password="wrong")
            spent.append(time.perf_counter() - start)
    known, unknown = (statistics.median(spent) for spent in times.values())
    assert unknown > known / 2


async def test_guessing_is_slowed_down_and_says_until_when(client: Client) -> None:
    for _ in range(10):
        assert (await login(client, password="wrong")).status_code == 401
    # in whatever case, even with the right password, from this address
    refused = await login(client, "Ann@north.school")
    assert refused.status_code == 429
    assert 880 < int(refused.headers["retry-after"]) <= 900
    assert refused.headers["content-type"] == "application/problem+json"
    assert (await login(client, "bob@north.school")).status_code == 200


async def test_a_refreshed_token_is_a_new_one_with_its_whole_time(client: Client) -> None:
    old = tokens.issue(SECRET, 1, "educator", timedelta(minutes=5))
    answer = await client.http.post(f"{AUTH}/refresh", headers=bearer(old))
    assert answer.status_code == 200
    new = answer.json()["access_token"]
    assert tokens.read(SECRET, new).jti != tokens.read(SECRET, old).jti
    assert tokens.read(SECRET, new).expires_at > time.time() + 11 * 3600
    assert (await client.http.get(f"{AUTH}/me", headers=bearer(new))).status_code == 200


async def test_a_token_signed_out_is_dead_at_once_on_every_process(
    client: Client, school_url: str
) -> None:
    async with serving(school_url) as other:
        headers, kept = client.as_(1), client.as_(1)
        assert (await other.http.get(f"{AUTH}/me", headers=headers)).status_code == 200
        assert (await client.http.post(f"{AUTH}/logout", headers=headers)).status_code == 204
        for process in (client, other):
            for path in (f"{AUTH}/me", f"{API}/overview", f"{API}/stream"):
                answer = await process.http.get(path, headers=headers)
                assert answer.status_code == 401, path
        assert (await client.http.post(f"{AUTH}/refresh", headers=headers)).status_code == 401
        assert (await other.http.get(f"{AUTH}/me", headers=kept)).status_code == 200


async def test_a_logout_takes_the_cookies_away(client: Client) -> None:
    body = (await login(client)).json()
    answer = await client.http.post(f"{AUTH}/logout", headers={"X-CSRF-Token": body["csrf_token"]})
    assert answer.status_code == 204
    assert not client.http.cookies
    assert (await client.http.get(f"{AUTH}/me")).status_code == 401


async def test_the_rights_are_those_of_now(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    headers = client.as_(1)
    seen = f"{API}/section/1"
    assert (await client.http.get(seen, headers=headers)).status_code == 200
    await tool.execute("delete from section_educators where educator_id = 1 and section_id = 1")
    assert (await client.http.get(seen, headers=headers)).status_code == 404
    await tool.execute("update educators set role = 'principal' where id = 1")
    assert (await client.http.get(seen, headers=headers)).status_code == 401
    promoted = bearer((await login(client)).json()["access_token"])
    assert (await client.http.get(seen, headers=promoted)).status_code == 200
    await tool.execute("update educators set is_active = false where id = 1")
    assert (await client.http.get(seen, headers=promoted)).status_code == 401


@pytest.mark.parametrize("role", ["educator", "admin"])
async def test_a_role_in_a_token_gives_no_right(reader: Client, role: str) -> None:
    answer = await reader.http.get(f"{API}/section/3", headers=reader.as_(1, role))
    assert answer.status_code == 404


async def test_forged_tokens_are_refused(reader: Client) -> None:
    now = int(time.time())
    claims = {"sub": "4", "role": "admin", "iat": now, "exp": now + 60, "jti": "j"}
    forged = {
        "none": jwt.encode(claims, None, algorithm="none"),
        "other key": jwt.encode(claims, SECRET[::-1], "HS256"),
        "other algorithm": jwt.encode(claims, SECRET * 2, "HS512"),
        "expired": jwt.encode(claims | {"exp": now - 1}, SECRET, "HS256"),
        "no such educator": jwt.encode(claims | {"sub": "4000"}, SECRET, "HS256"),
        "inactive": jwt.encode(claims | {"sub": "5"}, SECRET, "HS256"),
        "empty": "",
        "words": "a b",
    }
    for kind, token in forged.items():
        answer = await reader.http.get(f"{API}/overview", headers=bearer(token))
        assert answer.status_code == 401, kind
        assert answer.headers["www-authenticate"].startswith("Bearer"), kind
    basic = await reader.http.get(f"{API}/overview", headers={"Authorization": "Basic YTpi"})
    assert basic.status_code == 401


async def test_a_bad_bearer_does_not_fall_back_to_the_cookie(reader: Client) -> None:
    good = reader.as_(1)["Authorization"].removeprefix("Bearer ")
    answer = await reader.http.get(
        f"{API}/overview", headers=bearer("bad") | {"Cookie": f"{COOKIE}={good}"}
    )
    assert answer.status_code == 401


async def test_a_write_with_the_cookie_needs_the_csrf_token_and_our_own_page(
    reader: Client,
) -> None:
    token = reader.as_(1)["Authorization"].removeprefix("Bearer ")
    csrf = tokens.csrf(SECRET, tokens.read(SECRET, token).jti)
    other = tokens.csrf(SECRET, "another token")
    cookie = {"Cookie": f"{COOKIE}={token}"}
    right = {"X-CSRF-Token": csrf}
    cases: list[tuple[dict[str, str], int]] = [
        ({}, 403),
        ({"X-CSRF-Token": ""}, 403),
        ({"X-CSRF-Token": "é"}, 403),
        ({"X-CSRF-Token": other}, 403),
        (right, 200),
        (right | {"Origin": "http://school.test"}, 200),
        (right | {"Origin": "https://school.test"}, 200),
        (right | {"Origin": "http://evil.test"}, 403),
        (right | {"Origin": "http://school.test.evil.test"}, 403),
        (right | {"Origin": "http://evil.test/school.test"}, 403),
        (right | {"Origin": "null"}, 403),
        (right | {"Sec-Fetch-Site": "cross-site"}, 403),
        (right | {"Sec-Fetch-Site": "same-origin"}, 200),
    ]
    for headers, status in cases:
        raw = [(name, value.encode()) for name, value in (cookie | headers).items()]
        answer = await reader.http.post(f"{API}/filtered", json={}, headers=raw)
        assert answer.status_code == status, headers
    for path in ("logout", "refresh"):
        assert (await reader.http.post(f"{AUTH}/{path}", headers=cookie)).status_code == 403
    without = await reader.http.post(f"{API}/filtered", json={}, headers=bearer(token))
    assert without.status_code == 200
    assert (await reader.http.get(f"{API}/overview", headers=cookie)).status_code == 200


async def test_another_site_can_log_nobody_in(reader: Client) -> None:
    answer = await reader.http.post(
        f"{AUTH}/login",
        json={"email": "ann@north.school", "password": PASSWORD},
        headers={"Origin": "https://evil.test"},
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
