"""A page that is fetched again while much happens, or that can't be fetched."""

import re
from typing import Any

import anyio
import pytest
from playwright.async_api import BrowserContext, Page, Route, expect
from processes import Server

from .test_overview import folded_in
from .test_views import live

pytestmark = pytest.mark.browser
A_MOMENT = 5_000
CHANGE = "update grades set score = 150 - score where id = (select min(id) from grades)"


def average(page: Page) -> Any:
    return page.locator('.tiles [data-field="average_score"]')


async def test_a_page_that_can_not_be_fetched_says_so_until_it_can(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    address = re.compile(rf"/sections/{school}$")
    await page.route(address, lambda route: route.fulfill(status=503, body="busy"))
    await connection.execute(CHANGE)
    await expect(page.locator("#refusal")).to_contain_text("may be out of date", timeout=A_MOMENT)
    await page.unroute(address)
    await expect(page.locator("#refusal")).to_be_hidden(timeout=A_MOMENT)


async def test_a_filter_that_the_server_refuses_is_said_to_who_looks(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    no = "<main><p>That is too much.</p></main>"
    await page.route(
        re.compile("q=zoe$"),
        lambda route: route.fulfill(status=400, content_type="text/html", body=no),
    )
    await page.get_by_label("Search").fill("zoe")
    refusal = page.locator("#refusal")
    await expect(refusal).to_have_text("Couldn’t load that view: That is too much.")
    await expect(page.locator('[data-list="roster"] tr')).to_have_count(5)
    await page.get_by_label("Search").fill("zoë")
    await expect(page.locator("#refusal")).to_be_hidden()
    await expect(page.locator('[data-list="roster"] tr')).to_have_count(1)


async def test_an_event_that_a_fetched_page_holds_already_does_not_set_it_back(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    asked, answer = anyio.Event(), anyio.Event()

    async def later(route: Route) -> None:
        # the answer of a snapshot that was taken after more changes than the page has heard of
        body = await (await route.fetch()).text()
        asked.set()
        await answer.wait()
        place, of = re.compile(r'data-since="(\S+)-\d+"'), re.compile(r"70\.00%|80\.00%")
        await route.fulfill(
            content_type="text/html",
            body=of.sub("12.34%", place.sub(r'data-since="\1-999999"', body)),
        )

    await page.route(re.compile(rf"/sections/{school}$"), later, times=1)
    await connection.execute(CHANGE)
    await expect(average(page)).to_have_text("80.00%", timeout=A_MOMENT)
    with anyio.fail_after(5):
        await asked.wait()
    await connection.execute(CHANGE)
    await expect(average(page)).to_have_text("70.00%", timeout=A_MOMENT)
    await page.evaluate(
        """() => {
          window.figures = [];
          const tile = document.querySelector('.tiles [data-field="average_score"]');
          new MutationObserver(() => window.figures.push(tile.textContent))
            .observe(tile, { childList: true, characterData: true, subtree: true });
        }"""
    )
    answer.set()
    await expect(average(page)).to_have_text("12.34%")
    await page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    assert await page.evaluate("window.figures") == ["12.34%"]
