"""A teacher notes what was done, closes it, and reads what changed since they last looked."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect
from processes import Server

from .conftest import HOSTILE
from .test_overview import folded_in
from .test_views import live

pytestmark = pytest.mark.browser
NOTE = "O'Brien</script><img src=x onerror=window.broken=1>"


async def student_of(connection: Any) -> int:
    await folded_in(connection)
    found: int = await connection.fetchval(
        "select id from students where first_name = $1", HOSTILE["emoji"]
    )
    return found


async def test_a_support_is_noted_and_closed_by_the_keyboard(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    student = await student_of(connection)
    page = await live(context, server, f"/students?student={student}")
    await page.set_viewport_size({"width": 360, "height": 740})
    card = page.get_by_role("dialog")
    await card.locator("summary", has_text="Note a support").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("tutoring")
    await card.get_by_label("Note", exact=True).first.focus()
    await page.keyboard.type(NOTE)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    entry = card.locator(".support")
    await expect(entry).to_contain_text(NOTE)
    await expect(entry).to_contain_text("tutoring")
    row = await connection.fetchrow("select * from supports")
    assert (row["kind"], row["note"], row["student_id"]) == ("tutoring", NOTE, student)

    await entry.locator("summary").focus()
    await page.keyboard.press("Enter")
    await entry.get_by_label("Outcome, when it is closed").fill("Caught up")
    await entry.get_by_role("button", name="Close it").focus()
    await page.keyboard.press("Enter")
    await expect(entry).to_contain_text("Outcome: Caught up")
    await expect(entry).to_contain_text("closed")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert await page.evaluate("window.broken") is None


async def test_a_support_of_somebody_else_reaches_open_cards_and_lists_and_the_second_is_told(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    student = await student_of(connection)
    lists = await live(context, server, "/supports")
    page = await context.new_page()
    await page.goto(f"{server.url}/students?student={student}")
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=5_000)
    await connection.execute(
        "insert into supports (student_id, kind, note) values ($1, 'talk', 'At noon')", student
    )
    for one in (page.get_by_role("dialog"), lists.locator(".supports")):
        await expect(one).to_contain_text("At noon", timeout=10_000)
    await lists.bring_to_front()
    await lists.locator(".support summary").click()
    note = lists.get_by_role("textbox", name="Note", exact=True)
    await note.fill("Mine")
    await connection.execute("update supports set note = 'Theirs'")
    await folded_in(connection)
    await lists.get_by_role("button", name="Save").click()
    await expect(lists.get_by_role("status").filter(has_text="Somebody else")).to_be_visible()
    await expect(note).to_have_value("Mine")
    assert await connection.fetchval("select note from supports") == "Theirs"


async def test_what_was_read_is_not_shown_again(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await student_of(connection)
    page = await live(context, server, "/")
    await page.get_by_role("link", name="Since you last looked").click()
    await page.get_by_role("button", name="I have read this").click()
    await expect(page.get_by_text("Nothing has changed.")).to_be_visible()
    await connection.execute("update grades set score = score + 1")
    await folded_in(connection)
    await expect(page.locator(".since")).to_contain_text("51 of 100", timeout=10_000)
    # to look at the end for a while is to have read it; what was read stays until the page is left
    await page.locator("[data-reading]").scroll_into_view_if_needed()
    await expect(page.get_by_text("Saved.")).to_be_visible(timeout=15_000)
    await expect(page.locator(".since")).to_contain_text("51 of 100")
    await page.goto(f"{server.url}/changes")
    await expect(page.get_by_text("Nothing has changed.")).to_be_visible()
