"""Nothing is cut off on a small screen or at 400 %, and nothing jumps on a large one."""

from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, expect
from processes import Server

from .conftest import signed_in
from .test_overview import folded_in
from .test_views import live, names

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [320, 360])
async def test_a_small_page_is_not_wider_than_its_screen_and_neither_are_its_menus(
    browser: Browser, server: Server, connection: Any, school: int, width: int
) -> None:
    await connection.execute("update sections set name = 'Class 10-A, morning'")
    await connection.execute("update subjects set name = 'Literature'")
    await folded_in(connection)
    viewport: Any = {"width": width, "height": 640}
    async with await browser.new_context(viewport=viewport) as context:
        page = await signed_in(context, server)
        for address in ("/", "/sections", f"/sections/{school}", "/subjects", "/students"):
            await page.goto(server.url + address)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, address
            for menu in await page.locator("details.menu").all():
                await menu.locator("summary").click()
                box = await menu.locator(".menu-sheet").bounding_box()
                assert box is not None
                assert box["x"] >= 0, address
                assert box["x"] + box["width"] <= width, address
        words = page.get_by_role("navigation", name="Views").get_by_role("link")
        heights = [
            await word.evaluate("word => word.getBoundingClientRect().height")
            for word in await words.all()
        ]
        assert max(heights) < 48, "a word is broken in two"


async def test_a_filter_does_not_push_the_table_down(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    top = "document.querySelector('.roster').getBoundingClientRect().y"
    before = await page.evaluate(top)
    await page.get_by_label("Search").fill("zo")
    await expect(names(page)).to_have_count(1)
    await expect(page.get_by_role("link", name="Clear")).to_be_visible()
    assert await page.evaluate(top) == before
