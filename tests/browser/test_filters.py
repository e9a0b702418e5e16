"""The form above a table, used faster than the server answers, and with the keyboard alone."""

import re
from typing import Any

import anyio
import pytest
from playwright.async_api import BrowserContext, Page, Route, expect
from processes import Server

from .conftest import HOSTILE
from .test_overview import folded_in
from .test_views import live, names

pytestmark = pytest.mark.browser
A_MOMENT = 5_000


async def held(page: Page, address: Any) -> anyio.Event:
    """The next answer to an address waits for the event."""
    release = anyio.Event()

    async def wait(route: Route) -> None:
        await release.wait()
        await route.continue_()

    await page.route(address, wait, times=1)
    return release


async def test_what_is_typed_while_an_answer_is_under_way_is_not_taken_back(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    await page.clock.install()
    release = await held(page, re.compile(r"\?q=z$"))
    search = page.get_by_label("Search")
    await search.press_sequentially("z")
    async with page.expect_request(re.compile(r"\?q=z$")):
        await page.clock.fast_forward(300)
    await search.press_sequentially("oë")
    await page.get_by_label("Result").focus()
    release.set()
    await expect(names(page)).to_have_count(1)  # of the first answer
    await expect(search).to_have_value("zoë")
    await page.clock.fast_forward(300)
    await expect(page).to_have_url(re.compile(r"\?q=zo%C3%AB$"))
    await expect(names(page)).to_have_text([HOSTILE["emoji"]])


async def test_back_takes_the_words_out_of_the_search_that_has_the_focus(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    search = page.get_by_label("Search")
    await search.fill("zoë ")
    await search.press("Enter")
    await expect(names(page)).to_have_count(1)
    await expect(search).to_be_focused()
    await page.go_back()
    await expect(names(page)).to_have_count(5)
    await expect(search).to_have_value("")


async def test_an_order_chosen_while_one_types_loses_neither(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    await page.clock.install()
    await page.get_by_label("Search").press_sequentially("1")
    await page.locator(".roster thead").get_by_role("link", name="Average").click()
    await page.clock.fast_forward(1_000)
    await expect(page).to_have_url(re.compile(r"sort=average&order=desc&q=1$"))
    await expect(page.locator('[aria-sort="descending"]')).to_have_text(re.compile("Average"))


async def test_a_filter_typed_before_the_new_order_is_there_keeps_it(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    await held(page, re.compile("sort=average&order=desc$"))
    await page.locator(".roster thead").get_by_role("link", name="Average").click()
    await page.get_by_label("Search").fill("1")
    await expect(page.locator('[aria-sort="descending"]')).to_have_text(re.compile("Average"))
    await expect(page).to_have_url(re.compile(r"sort=average&order=desc&q=1$"))


async def test_two_quick_clicks_on_an_order_are_one_step_back(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    release = await held(page, re.compile("sort=average&order=desc$"))
    head = page.locator(".roster thead").get_by_role("link", name="Average")
    await head.click()
    await head.click()
    release.set()
    await expect(page.locator('[aria-sort="descending"]')).to_have_text(re.compile("Average"))
    await page.go_back()
    await expect(page).to_have_url(f"{server.url}/sections/{school}")


async def test_typing_elsewhere_is_not_led_away_by_a_field_that_is_wrong(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    await page.clock.install()
    await page.get_by_label("Attendance below").fill("500")
    await page.get_by_label("Search").press_sequentially("zo")
    await page.clock.fast_forward(1_000)
    await expect(page.get_by_label("Search")).to_be_focused()
    await expect(page).to_have_url(f"{server.url}/sections/{school}")


async def test_the_keyboard_stays_in_the_table_when_its_button_goes(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}?q=zo")
    await page.get_by_role("link", name="Clear").focus()
    await page.keyboard.press("Enter")
    await expect(names(page)).to_have_count(5)
    await expect(page.get_by_role("heading", name="Roster")).to_be_focused()
