"""The menus of a page."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect
from processes import Server

from .test_overview import folded_in
from .test_views import live

pytestmark = pytest.mark.browser


async def test_a_menu_closes_by_escape_by_a_click_elsewhere_and_for_another_one(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await live(context, server, "/")
    alerts = page.locator("summary", has_text="Alerts")
    download = page.locator("summary", has_text="Download")
    alerts_sheet = page.get_by_text("does not watch for any yet")
    choices = page.get_by_role("link", name="CSV")
    await alerts.click()
    await expect(alerts_sheet).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(alerts_sheet).to_be_hidden()
    await expect(alerts).to_be_focused()
    await alerts.click()
    await download.click()
    await expect(alerts_sheet).to_be_hidden()
    await expect(choices).to_be_visible()
    await page.get_by_role("heading", level=1).click()
    await expect(choices).to_be_hidden()
    # the keyboard leaves it
    await download.focus()
    await page.keyboard.press("Enter")
    await expect(choices).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await expect(choices).to_be_hidden()
