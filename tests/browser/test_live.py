"""One stream per browser, and what a page says of its data, whatever happens to it."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2
import pytest
from gate import Gate, gate
from playwright.async_api import BrowserContext, Page, Request, expect
from processes import Server, serving
from stored import quick_hash

from classpulse.project.lock import leader_session, take_over

from .conftest import PASSWORD, signed_in

pytestmark = pytest.mark.browser
A_MOMENT = 5_000
A_BEAT = 15_000
# In milliseconds: longer than any proof lasts.
LONGER_THAN_PROOF = 26_000
NEWEST = 30


class Requests:
    """What a browser asks of the server, and which of its streams are open."""

    def __init__(self, context: BrowserContext) -> None:
        self._open: dict[Request, Page] = {}
        self.streams = 0
        self.fetched: list[str] = []
        context.on("request", self._began)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._ended)

    def _began(self, request: Request) -> None:
        path = urlsplit(request.url).path
        if path == "/api/v1/performance/stream":
            self.streams += 1
            self._open[request] = request.frame.page
        elif path.startswith("/api/v1/performance/"):
            self.fetched.append(path.rpartition("/")[2])

    def _ended(self, request: Request) -> None:
        self._open.pop(request, None)

    @property
    def open(self) -> int:
        """How many streams are open: a page that is closed says nothing of its own."""
        return sum(not page.is_closed() for page in self._open.values())


def indicator(page: Page) -> Any:
    return page.locator("#indicator")


def figure(page: Page, field: str) -> Any:
    return page.locator(f'.tiles [data-field="{field}"]')


async def live(*pages: Page, within: float = A_MOMENT) -> None:
    for page in pages:
        await expect(indicator(page)).to_contain_text("Live Data", timeout=within)


async def tabs(context: BrowserContext, server: Server, number: int) -> list[Page]:
    """So many pages of one educator, all of them live."""
    pages = [await signed_in(context, server)]
    await live(pages[0])
    for _ in range(number - 1):
        page = await context.new_page()
        await page.goto(server.url)
        pages.append(page)
    await live(*pages)
    return pages


async def change(connection: Any, times: int = 1) -> None:
    """A change of a grade and one of its exam, each time in a commit of their own.

    In the feed, changes of an exam stay apart where those of grades are merged.
    """
    for _ in range(times):
        await connection.execute(
            "with graded as ("
            " update grades set score = 150 - score where id = (select min(id) from grades)"
            ") update exams set name = 'Mid-term, ' || clock_timestamp()"
        )


async def newest(connection: Any) -> list[str]:
    """The ids of the newest changes of exams, newest first, once all are folded in."""
    await connection.execute("call performance_wait(timeout => '20 s')")
    rows = await connection.fetch(
        "select state.epoch || '-' || event.position as id"
        " from classpulse.events as event, classpulse.state as state"
        " where event.type in ('exam_created', 'exam_updated')"
        " order by event.position desc limit $1",
        NEWEST,
    )
    return [row["id"] for row in rows]


async def shows_all(page: Page, connection: Any) -> None:
    """The page's feed has the log's changes of exams: none left out, none twice, in order."""
    expected = await newest(connection)
    first = page.locator('#feed li[data-kind="exam"]').first
    await expect(first).to_have_attribute("data-key", expected[0], timeout=A_MOMENT)
    keys = await page.eval_on_selector_all(
        '#feed li[data-kind="exam"]', "rows => rows.map((row) => row.dataset.key)"
    )
    # the oldest may have made room for events of other kinds
    assert len(keys) >= min(len(expected), NEWEST // 2)
    assert keys == expected[: len(keys)]


async def until(condition: Any, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def until_not_ready(server: Server) -> None:
    async with asyncio.timeout(20), httpx2.AsyncClient() as client:
        while (await client.get(f"{server.url}/readyz")).json()["live"]:
            await asyncio.sleep(0.1)


async def test_eight_tabs_hold_one_stream_and_all_show_a_row_within_a_second(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    requests = Requests(context)
    pages = await tabs(context, server, 8)
    assert requests.streams == 1
    await change(connection)
    async with asyncio.timeout(10):
        before = (await newest(connection))[0]
    for page in pages:
        await expect(page.locator(f'#feed li[data-key="{before}"]')).to_be_visible()
    # what one tab sees when, by the clock that all of them share
    watch = """() => new Promise((seen) => {
        const feed = document.getElementById("feed");
        new MutationObserver(() => seen(Date.now()))
          .observe(feed, { childList: true, characterData: true, subtree: true });
    })"""
    seen = [asyncio.ensure_future(page.evaluate(watch)) for page in pages]
    await asyncio.sleep(0.5)  # the watches are in place
    at = await connection.fetchval(
        "update grades set score = 150 - score where id = (select min(id) from grades)"
        " returning extract(epoch from clock_timestamp()) * 1000"
    )
    async with asyncio.timeout(5):
        times = await asyncio.gather(*seen)
    assert max(times) - float(at) < 1_000
    assert requests.streams == 1
    assert requests.open == 1
    for page in pages:
        await shows_all(page, connection)


async def test_the_leading_tab_closes_and_no_event_is_missed_or_doubled(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    requests = Requests(context)
    leading, *others = await tabs(context, server, 3)

    async def write() -> None:
        for _ in range(12):
            await change(connection)
            await asyncio.sleep(0.03)

    writing = asyncio.ensure_future(write())
    await asyncio.sleep(0.15)
    await leading.close()
    await writing
    for page in others:
        await shows_all(page, connection)
    await until(lambda: requests.open == 1)
    assert requests.streams == 2
    # the feeds were filled by the stream alone
    assert "events" not in requests.fetched
    # and by way of another page
    await others[0].goto(f"{server.url}/healthz")
    await change(connection, 3)
    await shows_all(others[1], connection)
    assert "events" not in requests.fetched


async def test_a_stuck_leader_is_replaced_and_follows_when_it_comes_to_itself(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    requests = Requests(context)
    leading, seen = await tabs(context, server, 2)
    stopped = await context.new_cdp_session(leading)
    paused = asyncio.Event()
    stopped.on("Debugger.paused", lambda _: paused.set())
    await stopped.send("Debugger.enable")
    await stopped.send("Debugger.pause")
    async with asyncio.timeout(5):
        await paused.wait()  # within its next tick
    await change(connection, 2)
    await seen.evaluate("window.dispatchEvent(new Event('online'))")
    await until(lambda: requests.streams == 2)
    await shows_all(seen, connection)
    await live(seen)
    # a page that is opened now does not wait for the stuck one either
    fresh = await context.new_page()
    await fresh.goto(server.url)
    await live(fresh)
    await stopped.send("Debugger.resume")
    await stopped.send("Debugger.disable")
    await change(connection)
    for page in (leading, seen, fresh):
        await shows_all(page, connection)
    await until(lambda: requests.open == 1)
    assert requests.streams == 2
    await live(leading, seen, fresh)


async def test_a_restart_of_the_server_leaves_no_gap_and_no_double(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    requests = Requests(context)
    pages = await tabs(context, server, 2)
    await change(connection, 2)
    for page in pages:
        await shows_all(page, connection)
    server.kill()
    for page in pages:
        await expect(indicator(page)).to_contain_text(
            re.compile(r"Reconnecting since \d\d:\d\d, (next try in \d+ s|trying now)")
        )
    await change(connection, 4)
    server.start()
    await asyncio.to_thread(server.wait_until_ready)
    await live(*pages, within=A_BEAT)
    for page in pages:
        await shows_all(page, connection)
    assert requests.open == 1
    assert "events" not in requests.fetched


@contextmanager
def served_through_a_gate(database_url: str, log: Path) -> Iterator[tuple[Server, Gate]]:
    """A server that reaches its Postgres through a gate only."""
    parts = urlsplit(database_url)
    assert parts.port is not None
    with gate(parts.port) as way:
        netloc = parts.netloc.rpartition(":")[0] + f":{way.port}"
        with serving(urlunsplit(parts._replace(netloc=netloc)), log) as server:
            yield server, way


async def test_without_its_postgres_the_page_goes_stale_keeps_its_values_and_comes_back(
    context: BrowserContext, database_url: str, school: int, connection: Any, tmp_path: Path
) -> None:
    with served_through_a_gate(database_url, tmp_path / "server.log") as (server, way):
        requests = Requests(context)
        await connection.execute("call performance_wait(timeout => '10 s')")
        await context.clock.install()
        pages = await tabs(context, server, 2)
        way.close()
        await until_not_ready(server)
        await context.clock.fast_forward(LONGER_THAN_PROOF)
        for page in pages:
            await expect(indicator(page)).to_contain_text(re.compile(r"Stale since \d\d:\d\d"))
            await expect(page.locator("#notice")).to_contain_text("may be out of date")
            await expect(figure(page, "overall_average")).to_have_text("70.00%")
        # written while nobody could read it
        await connection.execute("update grades set score = 100 where score = 90")
        await connection.execute("update exams set name = 'Written in the dark'")
        way.open()
        await live(*pages, within=40_000)
        for page in pages:
            await shows_all(page, connection)
            await expect(figure(page, "overall_average")).to_have_text("72.00%")
            await expect(page.locator("#notice")).to_be_hidden()
        assert requests.open == 1


async def test_a_stuck_pipeline_is_told_though_the_socket_is_open(
    context: BrowserContext, server: Server, database_url: str, connection: Any
) -> None:
    requests = Requests(context)
    await context.clock.install()
    pages = await tabs(context, server, 2)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(leader_session(database_url))
        await take_over(session)

        async def stay() -> None:
            while True:  # the session would end by itself otherwise
                await session.execute("select 1")
                await asyncio.sleep(1)

        staying = asyncio.ensure_future(stay())
        stack.callback(staying.cancel)
        await until_not_ready(server)
        await context.clock.fast_forward(LONGER_THAN_PROOF)
        for page in pages:
            await expect(indicator(page)).to_contain_text(re.compile(r"Stale since \d\d:\d\d"))
        assert requests.open == 1
        await change(connection)
    await live(*pages, within=40_000)
    for page in pages:
        await shows_all(page, connection)
    assert requests.streams == 1


@pytest.mark.parametrize("mode", ["hold streams", "cut streams"])
async def test_where_no_stream_gets_through_the_page_asks_and_says_so(
    context: BrowserContext, server: Server, connection: Any, mode: Any
) -> None:
    with gate(server.port) as way:
        proxied = Server(server.database_url, server.log, port=way.port)
        await context.clock.install()
        way.mode = mode
        page = await signed_in(context, proxied)
        other = await context.new_page()
        await other.goto(proxied.url)
        for _ in range(4):
            await page.wait_for_timeout(500)
            await context.clock.fast_forward(4_000)
        for one in (page, other):
            await expect(indicator(one)).to_contain_text("Checking every 10 s", timeout=A_MOMENT)
            await expect(one.locator("body")).to_have_attribute("data-link", "polling")
        await change(connection, 3)
        await newest(connection)
        await context.clock.fast_forward(10_500)
        for one in (page, other):
            await shows_all(one, connection)
            await expect(figure(one, "overall_average")).to_have_text("80.00%")
        requests = Requests(context)
        # the way is free again: it is found out within some minutes
        way.open()
        await context.clock.fast_forward(121_000)
        await until(lambda: requests.open == 1)
        await page.wait_for_timeout(500)
        await context.clock.fast_forward(11_000)
        await live(page, other, within=A_BEAT)
        await change(connection)
        for one in (page, other):
            await shows_all(one, connection)


async def test_when_somebody_else_signs_in_nothing_of_theirs_is_shown_and_it_is_said(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    other = await connection.fetchval(
        "insert into educators (school_id, email, full_name)"
        " select school_id, 'erin@school.example', 'Erin Boyle' from sections where id = $1"
        " returning id",
        school,
    )
    await connection.execute(
        "insert into classpulse.passwords (educator_id, hash) values ($1, $2)",
        *(other, quick_hash(PASSWORD)),
    )
    await connection.execute("insert into section_educators values ($1, $2)", school, other)
    pages = await tabs(context, server, 2)
    before = await pages[0].locator("#feed li").count()
    status = await pages[1].evaluate(
        """async (body) => (await fetch("/api/v1/auth/login", {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
        })).status""",
        {"email": "erin@school.example", "password": PASSWORD},
    )
    assert status == 200
    theirs = await context.new_page()
    await theirs.goto(server.url)
    await live(theirs)
    for page in pages:
        await expect(indicator(page)).to_contain_text("someone else signed in")
        await expect(page.locator("#notice")).to_contain_text(
            "Someone else signed in in this browser"
        )
    await change(connection)
    await shows_all(theirs, connection)
    for page in pages:
        assert await page.locator("#feed li").count() == before
        await expect(figure(page, "total_students")).to_have_text("5")
