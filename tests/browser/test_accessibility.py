"""WCAG 2.2 AA as far as a machine can tell, and the keyboard, on every view."""

import re
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect
from processes import Server

from .conftest import signed_in
from .test_overview import folded_in

pytestmark = pytest.mark.browser
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
SIZES = {"desktop": (1280, 900), "phone": (360, 740)}


async def addresses(connection: Any) -> list[str]:
    section = await connection.fetchval("select id from sections limit 1")
    subject = await connection.fetchval("select id from subjects limit 1")
    student = await connection.fetchval("select id from students where first_name = '=1+1'")
    exam = await connection.fetchval("select min(id) from exams")
    await connection.execute(
        "insert into supports (student_id, section_id, kind, note, review_on)"
        " values ($1, $2, 'talk', 'At noon', '2026-01-05')",
        *(student, section),
    )
    return [
        "/",
        "/sections",
        f"/sections/{section}",
        "/subjects",
        f"/subjects/{subject}",
        f"/exams/{exam}",
        "/students",
        "/students?q=nobody",
        f"/students?student={student}",
        "/grading",
        "/supports",
        "/changes",
        f"/grading?section_id={section}&subject_id={subject}",
        "/missing",
        "/missing?date=2025-10-20",
    ]


async def violations(page: Page) -> list[str]:
    found = await Axe().run(page, options=RULES)
    return [
        f"{page.url}: {one['id']}: {node['html'][:150]}: {node['failureSummary'][:200]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_no_view_breaks_a_rule(
    browser: Browser, server: Server, connection: Any, theme: Any, size: str
) -> None:
    await folded_in(connection)
    width, height = SIZES[size]
    async with await browser.new_context(
        color_scheme=theme, viewport={"width": width, "height": height}, reduced_motion="reduce"
    ) as context:
        page = await context.new_page()
        await page.goto(f"{server.url}/login")
        found = await violations(page)
        await page.close()
        page = await signed_in(context, server)
        for address in await addresses(connection):
            await page.goto(server.url + address)
            await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=5_000)
            found += await violations(page)
            overflow = await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow == 0, address
        await page.goto(f"{server.url}/nowhere")
        found += await violations(page)
    assert found == []


async def test_a_page_without_its_stream_breaks_no_rule_either(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    await context.clock.install()
    page = await signed_in(context, server)
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=5_000)
    server.kill()
    await expect(page.locator("#indicator")).to_contain_text("Reconnecting")
    await context.clock.fast_forward(26_000)
    await expect(page.locator("#notice")).to_be_visible()
    assert await violations(page) == []


async def test_everything_is_reached_by_the_keyboard_and_shows_where_the_focus_is(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await signed_in(context, server)
    await page.goto(server.url + (await addresses(connection))[2])
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=5_000)
    expected = await page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), ' +
                  'select, summary, [tabindex="0"]')]
                  .filter((one) => one.checkVisibility()).length"""
    )
    reached = set()
    for _ in range(expected):
        await page.keyboard.press("Tab")
        place = await page.evaluate(
            """() => {
              const one = document.activeElement;
              const all = [...document.querySelectorAll('*')];
              const style = getComputedStyle(one);
              const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
              return one === document.body ? null : { at: all.indexOf(one), seen, html:
                one.outerHTML.slice(0, 120) };
            }"""
        )
        if place is None:
            break
        assert place["seen"], place["html"]
        reached.add(place["at"])
    assert len(reached) == expected


async def test_the_skip_link_leads_past_the_header(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await signed_in(context, server)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name=re.compile("Skip"))).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#page")).to_be_focused()


async def test_changes_are_said_in_words_and_not_one_by_one(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await signed_in(context, server)
    await page.goto(f"{server.url}/sections/{school}")
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=5_000)
    assert await page.locator("[aria-live]").count() == 1
    said: list[str] = []
    await page.expose_function("said", lambda words: said.append(words))
    await page.evaluate(
        """() => new MutationObserver(() => window.said(document.getElementById('announcer')
             .textContent)).observe(document.getElementById('announcer'),
             { childList: true, characterData: true, subtree: true })"""
    )
    for score in range(60, 70):
        await connection.execute("update grades set score = $1 where score = $1 - 1", score)
        await connection.execute("update grades set score = $1 where score < $1", score)
    announcer = page.locator("#announcer")
    await expect(announcer).to_contain_text("Figures updated: average", timeout=5_000)
    await expect(page.locator('.tiles [data-field="average_score"]')).to_have_text("75.60%")
    assert len(said) == 1


async def test_motion_is_left_out_for_who_does_not_want_it(
    browser: Browser, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    async with await browser.new_context(reduced_motion="reduce") as context:
        page = await signed_in(context, server)
        await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=5_000)
        await connection.execute("update grades set score = 100 where score = 60")
        marked = page.locator(".tiles .changed").first
        await expect(marked).to_be_visible()
        assert await marked.evaluate("one => getComputedStyle(one).animationName") == "none"


async def test_a_page_is_printed_without_what_only_a_screen_needs(
    browser: Browser, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    async with await browser.new_context(viewport={"width": 794, "height": 1123}) as context:
        page = await signed_in(context, server)
        await page.goto(f"{server.url}/sections/{school}")
        await page.emulate_media(media="print")
        for gone in ("#sign-out", "#filters", ".download", ".views", "#theme"):
            await expect(page.locator(gone)).to_be_hidden()
        await expect(page.locator('[data-list="roster"]')).to_be_visible()
