import html
import json
import re
from typing import Any

import asyncpg
import httpx2
import pytest

from classpulse.serve.auth.caller import COOKIE
from serve.conftest import PASSWORD, Client

EMAIL = "ann@north.school"
HERE = {"origin": "http://school.test"}


async def sign_in(client: Client, **fields: str) -> httpx2.Response:
    form = {"email": EMAIL, "password": PASSWORD, "next": "/"} | fields
    return await client.http.post("/login", data=form, headers=HERE)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


async def test_without_a_session_the_way_leads_to_the_form_and_back(client: Client) -> None:
    answer = await client.http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    form = await client.http.get("/login?next=/report%3Fx=1%262")
    assert form.status_code == 200
    assert hidden(form.text, "next") == "/report?x=1&amp;2"
    signed_in = await sign_in(client, next="/report?x=1&2")
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/report?x=1&2")
    assert (await client.http.get("/")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/?x=1"), ("GET", "/login?next=/&x=1"), ("POST", "/login?x=1"), ("POST", "/logout?x")],
)
async def test_a_page_refuses_what_it_does_not_know(client: Client, method: str, path: str) -> None:
    answer = await client.http.request(method, path, headers=HERE)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "Unknown query parameter: x." in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/static/nope", "/static/nope/", "/section/1"])
async def test_an_unknown_address_is_a_page_in_a_browser(client: Client, path: str) -> None:
    answer = await client.http.get(path, headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is nothing at this address." in answer.text
    assert 'href="/"' in answer.text
    plain = await client.http.get(path)
    assert plain.status_code == 404
    assert plain.headers["content-type"] == "application/problem+json"
    of_api = await client.http.get("/api/v1/nothing", headers={"accept": "text/html"})
    assert of_api.headers["content-type"] == "application/problem+json"


async def test_who_is_signed_in_needs_no_form(client: Client) -> None:
    await sign_in(client)
    answer = await client.http.get("/login?next=//evil.example/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_a_sign_in_leads_to_no_other_site(client: Client) -> None:
    answer = await sign_in(client, next="//evil.example/")
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://school.test.evil.example"]
)
async def test_another_site_can_sign_nobody_in(client: Client, origin: str) -> None:
    form = {"email": EMAIL, "password": PASSWORD}
    answer = await client.http.post("/login", data=form, headers={"origin": origin})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "not sent from this site" in answer.text


async def test_a_wrong_password_is_said_and_the_e_mail_kept(client: Client) -> None:
    answer = await sign_in(client, email='ann@north.school"><b>', password="wrong")
    assert answer.status_code == 401
    assert "The e-mail or the password is wrong" in answer.text
    assert 'value="ann@north.school&#34;&gt;&lt;b&gt;"' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("fields", [{"email": ""}, {"password": ""}, {"email": "a\0b"}])
async def test_an_incomplete_form_comes_back(client: Client, fields: dict[str, str]) -> None:
    answer = await sign_in(client, **fields)
    assert answer.status_code == 422
    assert "Please give your e-mail and your password" in answer.text


async def test_too_many_wrong_passwords_are_told_to_wait(client: Client) -> None:
    for _ in range(30):
        answer = await sign_in(client, password="wrong")
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many failed sign-ins" in answer.text


async def test_signing_out_needs_the_pages_own_token_and_ends_the_session(client: Client) -> None:
    await sign_in(client)
    token = client.http.cookies[COOKIE]
    page = (await client.http.get("/")).text
    forged = await client.http.post("/logout", data={"csrf_token": "x"}, headers=HERE)
    assert (forged.status_code, forged.headers["location"]) == (303, "/")
    own = {"csrf_token": hidden(page, "csrf_token")}
    foreign = await client.http.post(
        "/logout", data=own, headers={"origin": "https://evil.example"}
    )
    assert (foreign.status_code, foreign.headers["location"]) == (303, "/")
    assert (await client.http.get("/")).status_code == 200
    answer = await client.http.post("/logout", data=own, headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert COOKIE not in client.http.cookies
    kept = {"cookie": f"{COOKIE}={token}"}
    assert (await client.http.get("/", headers=kept)).status_code == 303


async def test_the_page_shows_what_the_api_tells(client: Client) -> None:
    await sign_in(client)
    page = (await client.http.get("/")).text
    overview: dict[str, Any] = await client.read("/overview")
    for field in ("overall_average", "overall_pass_rate"):
        assert f'data-field="{field}" data-format="percent">{overview[field]:.2f}%<' in page
    assert f'data-field="total_students" data-format="whole">{overview["total_students"]}<' in page
    for student in overview["top_performers"] + overview["low_performers"]:
        assert student["name"] in page
    assert page.count('data-bar="share"') == len(overview["grade_distribution"]) + 1
    assert re.search(r'data-since="[0-9a-z]+-\d+"', page)


async def test_the_page_hands_over_what_the_lines_of_its_newest_events_were_made_of(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    for student in range(2, 12):
        await tool.execute(
            "update grades set score = score + 1 where exam_id = 1 and student_id = $1", student
        )
    await tool.execute("call performance_wait(timeout => '10 s')")
    await sign_in(client)
    page = (await client.http.get("/")).text
    newest = (await client.read("/events?limit=1"))["items"][0]
    handed = re.search(r'data-runs="([^"]*)"', page)
    assert handed is not None
    told = json.loads(html.unescape(handed[1]))
    assert told["position"] == newest["position"]
    run = told["runs"][0]
    assert (run["group"], run["at"], run["rows"]) == ("exam 1 1", newest["timestamp"], {})
    assert run["count"] >= 10
    assert f'<li data-key="{run["key"]}" data-kind="grade">' in page
    assert "11 of 12 graded, average 60.91%" in page
    assert f'href="/?student={newest["grade_data"]["student_id"]}"' in page


async def test_an_educator_without_a_section_sees_unknown_and_not_zero(client: Client) -> None:
    await sign_in(client, email="new@north.school")
    page = (await client.http.get("/")).text
    assert 'data-field="overall_average" data-format="percent">–<' in page
    assert 'data-field="overall_pass_rate" data-format="percent">–<' in page
    assert "No sections in this term." in page


async def test_pages_allow_no_inline_code_and_are_kept_by_nobody(client: Client) -> None:
    form = await client.http.get("/login")
    await sign_in(client)
    for answer in (form, await client.http.get("/")):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


async def test_a_database_that_is_away_is_told_on_a_page(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    await sign_in(client)
    monkeypatch.setattr("classpulse.serve.pages.overview.overview_of", away)
    answer = await client.http.get("/")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["retry-after"]
    assert "The database can&#39;t be reached now." in answer.text
    assert 'href="/">Try again' in answer.text


async def test_a_page_that_shows_what_it_showed_is_not_sent_again(
    client: Client, tool: asyncpg.Connection
) -> None:
    await sign_in(client)
    first = await client.http.get("/students")
    known = {"if-none-match": first.headers["etag"]}
    # elsewhere something happens, so that it is as of another moment
    await tool.execute("update grades set score = 1 where student_id = 30")
    await tool.execute("call performance_wait(timeout => '10 s')")
    again = await client.http.get("/students", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == "no-store"
    await tool.execute("update grades set score = score - 1 where student_id = 4")
    await tool.execute("call performance_wait(timeout => '10 s')")
    changed = await client.http.get("/students", headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_another_reader_is_never_told_that_a_page_is_known(client: Client) -> None:
    await sign_in(client)
    known = {"if-none-match": (await client.http.get("/students")).headers["etag"]}
    await sign_in(client, email="head@north.school")
    assert (await client.http.get("/students", headers=known)).status_code == 200
