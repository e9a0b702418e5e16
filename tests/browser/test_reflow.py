"""Nothing is cut off on a small screen or at 400 %, and nothing jumps on a large one."""

from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, expect
from processes import Server

from .conftest import signed_in
from .test_overview import folded_in
from .test_views import live, names

pytestmark = pytest.mark.browser


# What a reader may set for themselves: WCAG 2.2, 1.4.12.
SPACED = """
css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
"""
SPACING = """
* { letter-spacing: .12em !important; word-spacing: .16em !important; line-height: 1.5 !important }
p { margin-block-end: 2em !important }
"""


@pytest.mark.reliability("other fonts")
@pytest.mark.parametrize("width", [320, 360])
async def test_a_small_page_is_not_wider_than_its_screen_and_neither_are_its_menus(
    browser_with_one_font: Browser, server: Server, connection: Any, school: int, width: int
) -> None:
    async with await _small(browser_with_one_font, width) as context:
        page = await signed_in(context, server)
        for address in await _addresses(connection, school):
            await page.goto(server.url + address)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, address
            if "student=" in address:
                continue  # the card lies over the menus
            for menu in await page.locator("details.menu").all():
                await menu.locator("summary").click()
                box = await menu.locator(".menu-sheet").bounding_box()
                assert box is not None
                assert box["x"] >= 0, address
                assert box["x"] + box["width"] <= width, address
        await page.goto(server.url)
        words = page.get_by_role("navigation", name="Views").get_by_role("link")
        heights = [
            await word.evaluate("word => word.getBoundingClientRect().height")
            for word in await words.all()
        ]
        assert max(heights) < 48, "a word is broken in two"


@pytest.mark.reliability("other fonts")
async def test_letters_set_wide_apart_leave_a_small_page_within_its_screen(
    browser_with_one_font: Browser, server: Server, connection: Any, school: int
) -> None:
    async with await _small(browser_with_one_font, 320) as context:
        page = await signed_in(context, server)
        for address in await _addresses(connection, school):
            await page.goto(server.url + address)
            await page.evaluate(SPACED, SPACING)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 320, address


async def _small(browser: Browser, width: int) -> BrowserContext:
    viewport: Any = {"width": width, "height": 640}
    return await browser.new_context(viewport=viewport)


async def _addresses(connection: Any, school: int) -> list[str]:
    """Every view, with names as long as schools give them."""
    await connection.execute("update sections set name = 'Class 10-A, morning'")
    await connection.execute("update subjects set name = 'Literature'")
    await folded_in(connection)
    subject = await connection.fetchval("select id from subjects")
    student = await connection.fetchval("select min(id) from students")
    views = ["/", "/sections", f"/sections/{school}", "/subjects", f"/subjects/{subject}"]
    grading = f"/grading?section_id={school}&subject_id={subject}"
    exam = await connection.fetchval("select min(id) from exams")
    views += [f"/exams/{exam}", "/missing", "/supports", "/changes"]
    return [*views, "/students", f"/students?student={student}", grading]


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
