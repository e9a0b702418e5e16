"""What has changed since an educator's last visit."""

import re
from typing import Any

from serve.conftest import Client, serving
from serve.pages.test_pages import HERE, hidden, sign_in


def moved(page: str) -> list[str]:
    return re.findall(r'<dd class="moved"[^>]*>([^<]*)<', page)


async def looks(client: Client) -> str:
    """The overview as a browser shows it: the page, and its word that it is looked at."""
    page = (await client.http.get("/")).text
    headers = HERE | {"x-csrf-token": hidden(page, "csrf_token")}
    noted = await client.http.post("/api/v1/visits", headers=headers)
    assert noted.status_code == 204
    return page


async def goes_away(tool: Any) -> None:
    await tool.execute("update classpulse.visits set seen_at = seen_at - interval '31 minutes'")


async def changes(tool: Any) -> None:
    await tool.execute("update grades set score = 100 where exam_id = 1")
    await tool.execute("call performance_wait(timeout => '10 s')")


async def test_a_first_visit_is_compared_with_nothing(client: Client) -> None:
    await sign_in(client)
    page = await looks(client)
    assert moved(page) == []
    assert "last visit" not in page


async def test_a_later_visit_is_compared_with_the_one_before(client: Client, tool: Any) -> None:
    await sign_in(client)
    await looks(client)
    before: dict[str, Any] = await client.read("/overview")
    await goes_away(tool)
    await changes(tool)
    now: dict[str, Any] = await client.read("/overview")
    page = await looks(client)
    difference = now["overall_average"] - before["overall_average"]
    assert difference > 0
    assert moved(page)[:2] == ["no change", f"+{difference:.2f}"]
    assert "Changes since your last visit" in page


async def test_a_reload_within_a_visit_compares_with_the_same(client: Client, tool: Any) -> None:
    await sign_in(client)
    await looks(client)
    await goes_away(tool)
    await looks(client)
    await changes(tool)
    first = moved(await looks(client))
    assert first[1].startswith("+")
    assert moved(await looks(client)) == first


async def test_what_stood_on_the_page_when_it_was_left_counts_as_seen(
    client: Client, tool: Any
) -> None:
    await sign_in(client)
    page = await looks(client)
    await changes(tool)
    refused = await client.http.post("/api/v1/visits", headers=HERE)
    assert refused.status_code == 403
    left = await client.http.post(
        "/api/v1/visits", headers=HERE | {"x-csrf-token": hidden(page, "csrf_token")}
    )
    assert left.status_code == 204
    await goes_away(tool)
    assert set(moved(await looks(client))) == {"no change"}


async def test_fetching_the_overview_changes_nothing(client: Client, tool: Any) -> None:
    await sign_in(client)
    await looks(client)
    await goes_away(tool)
    kept = await tool.fetch("select * from classpulse.visits")
    for _ in range(2):
        page = (await client.http.get("/")).text
        assert set(moved(page)) == {"no change"}
    assert await tool.fetch("select * from classpulse.visits") == kept


async def test_a_page_that_is_watched_for_an_hour_is_one_visit(client: Client, tool: Any) -> None:
    await sign_in(client)
    await looks(client)
    await goes_away(tool)
    await changes(tool)
    first = moved(await looks(client))
    for _ in range(6):
        await tool.execute("update classpulse.visits set seen_at = seen_at - interval '10 minutes'")
        assert moved(await looks(client)) == first


async def test_a_visit_is_noted_by_a_post_alone(client: Client) -> None:
    for method in ("GET", "PUT"):
        answer = await client.http.request(method, "/api/v1/visits", headers=client.as_(1))
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_unknown_is_compared_with_nothing(client: Client, tool: Any) -> None:
    await sign_in(client, email="new@north.school")
    await looks(client)
    await goes_away(tool)
    await tool.execute("insert into section_educators values (1, 7)")
    await tool.execute("call performance_wait(timeout => '10 s')")
    page = await looks(client)
    assert moved(page) == ["+12", "", "", ""]


async def test_a_visit_is_each_educators_own(client: Client, tool: Any) -> None:
    await sign_in(client)
    await looks(client)
    await goes_away(tool)
    await sign_in(client, email="bob@north.school")
    assert moved(await looks(client)) == []


async def test_a_database_that_takes_no_writes_still_shows_the_overview(
    school_url: str, tool: Any
) -> None:
    name = await tool.fetchval("select current_database()")
    await tool.execute(f'alter database "{name}" set default_transaction_read_only = on')
    async with serving(school_url) as client:
        answer = await client.http.get("/", headers=client.as_(1))
        assert answer.status_code == 200, answer.text
        assert 'data-record="overview"' in answer.text
        assert moved(answer.text) == []
