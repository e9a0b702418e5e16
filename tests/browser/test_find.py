"""Finding by the keyboard from any page, with a card open and on a narrow screen."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect
from processes import Server

from .conftest import HOSTILE
from .test_overview import folded_in
from .test_views import live

pytestmark = pytest.mark.browser


def field(page: Page) -> Any:
    return page.get_by_role("searchbox", name="Find a student")


def panel(page: Page) -> Any:
    return page.get_by_role("region", name="Found")


async def test_a_slash_a_few_letters_and_enter_open_a_card(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, "/subjects")
    await page.keyboard.press("/")
    await expect(field(page)).to_be_focused()
    await page.keyboard.type("zoe")
    await expect(panel(page)).to_contain_text(HOSTILE["emoji"])
    await page.keyboard.press("Enter")
    card = page.get_by_role("dialog")
    await expect(card.get_by_role("heading", name=HOSTILE["emoji"])).to_be_visible()
    await expect(panel(page)).to_be_hidden()
    # somebody else, from the open card
    await page.keyboard.press("Control+k")
    await expect(card).to_be_hidden()
    await expect(field(page)).to_be_focused()


async def test_arrows_walk_through_what_was_found_and_escape_leaves_it(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, "/")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("10")
    links = panel(page).get_by_role("link")
    await expect(links.first).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await expect(links.first).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(field(page)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(panel(page)).to_be_hidden()
    await expect(field(page)).to_have_value("")


async def test_a_slash_is_typed_where_somebody_types(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, "/students")
    search = page.get_by_label("Search")
    await search.press_sequentially("a/b")
    await expect(search).to_have_value("a/b")
