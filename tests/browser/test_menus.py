"""The menus of a page."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect
from processes import Server

from .test_overview import folded_in
from .test_views import live

pytestmark = pytest.mark.browser


async def test_a_menu_closes_by_escape_by_a_click_elsewhere_and_when_the_keyboard_leaves(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await live(context, server, "/")
    download = page.locator("summary", has_text="Download")
    choices = page.get_by_role("link", name="CSV")
    await download.click()
    await expect(choices).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(choices).to_be_hidden()
    await expect(download).to_be_focused()
    await download.click()
    await page.get_by_role("searchbox", name="Find a student").click()
    await expect(choices).to_be_hidden()
    await download.click()
    await page.get_by_role("heading", level=1).click()
    await expect(choices).to_be_hidden()
    await download.focus()
    await page.keyboard.press("Enter")
    await expect(choices).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await expect(choices).to_be_hidden()
