import re
from typing import Any

import anyio
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from processes import Server

from .conftest import EMAIL, HOSTILE, PASSWORD, signed_in

pytestmark = pytest.mark.browser
# The first heartbeat comes with the stream, far within a beat of 10 s. In milliseconds.
A_MOMENT = 5_000
# A page that comes back before its server has its proof waits for the next.
A_BEAT = 15_000


def figure(page: Page, field: str) -> Any:
    return page.locator(f'.tiles [data-field="{field}"]')


async def counted(page: Page) -> int:
    """The events that the feed's entries hold together."""
    counts = await page.locator('#feed [data-field="count"]').all_text_contents()
    return sum(map(int, counts))


async def folded_in(connection: Any) -> None:
    await connection.execute("call performance_wait(timeout => '10 s')")


async def test_all_is_there_without_javascript(
    browser: Browser, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    async with await browser.new_context(java_script_enabled=False) as context:
        page = await signed_in(context, server)
        await expect(figure(page, "total_students")).to_have_text("5")
        await expect(figure(page, "overall_average")).to_have_text("70.00%")
        await expect(figure(page, "overall_pass_rate")).to_have_text("80.00%")
        await expect(figure(page, "attendance_percentage")).to_have_text("100.00%")
        await expect(page.locator('[data-list="letters"] li')).to_have_count(9)
        await expect(page.locator('[data-list="sections"] tr')).to_contain_text(["Class 10-A"])
        await expect(page.locator('[data-list="subjects"] tr')).to_contain_text(["Mathematics"])
        await expect(page.locator('[data-list="top"] li').first).to_contain_text("90.00%")
        await expect(page.locator("#feed li").first).to_be_visible()
        await expect(page.locator("#indicator")).to_contain_text(
            re.compile(r"Not live\s+as of \d\d:\d\d:\d\d UTC")
        )
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await page.goto(server.url)
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_wrong_password_is_said_and_the_e_mail_kept(
    context: BrowserContext, server: Server
) -> None:
    page = await context.new_page()
    await page.goto(f"{server.url}/login?next=/%23feed")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await expect(page.get_by_label("E-mail")).to_have_value(EMAIL)
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{server.url}/#feed")


async def test_a_page_is_live_within_two_seconds_of_the_sign_in(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await signed_in(context, server)
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=2_000)


async def test_a_row_committed_by_sql_shows_on_the_open_page(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    errors: list[str] = []
    page = await signed_in(context, server, errors=errors)
    await expect(figure(page, "overall_average")).to_have_text("70.00%")
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=A_MOMENT)
    before = await counted(page)
    await connection.execute(
        "update grades set score = 100 where student_id ="
        " (select id from students where first_name = '=1+1')"
    )
    await expect(figure(page, "overall_average")).to_have_text("78.00%")
    newest = page.locator("#feed li").first
    await expect(newest).to_contain_text("5 of 5 graded, average 78.00%")
    await expect(newest).to_contain_text("=1+1")
    await expect(newest).to_contain_text("60 → 100 of 100 (A+)")
    assert await counted(page) == before + 1
    await expect(page.locator('[data-list="top"] li').first).to_contain_text("=1+1")
    await expect(page.locator('[data-list="sections"]')).to_contain_text("78.00%")
    await expect(page.locator("#announcer")).to_contain_text("average 78.00%", timeout=20_000)
    assert errors == []


async def test_the_page_misses_and_repeats_nothing_between_its_making_and_its_stream(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await signed_in(context, server)
    held = anyio.Event()

    async def hold(route: Any) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/performance/stream*", hold)
    await page.reload()
    before = await counted(page)
    await connection.execute("update grades set score = score + 1 where score < 70")
    await folded_in(connection)
    held.set()
    await expect(figure(page, "overall_average")).to_have_text("70.40%", timeout=A_MOMENT)
    await expect(page.locator("#feed li").first).to_contain_text("60 → 61 of 100")
    assert await counted(page) == before + 2


async def test_the_indicator_tells_the_truth_when_the_server_dies_and_comes_back(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    await context.clock.install()
    page = await signed_in(context, server)
    indicator = page.locator("#indicator")
    await expect(indicator).to_contain_text("Live Data", timeout=A_MOMENT)
    server.kill()
    await expect(indicator).to_contain_text(
        re.compile(r"Reconnecting since \d\d:\d\d, (next try in \d+ s|trying now)")
    )
    await context.clock.fast_forward(26_000)
    await expect(indicator).to_contain_text(re.compile(r"Stale since \d\d:\d\d"))
    await expect(page.locator("#notice")).to_contain_text("may be out of date")
    # kept, marked, not blanked
    await expect(figure(page, "overall_average")).to_have_text("70.00%")
    await expect(page.locator("body")).to_have_attribute("data-link", "stale")
    await connection.execute("update grades set score = 100 where score = 90")
    server.start()
    server.wait_until_ready()
    await context.clock.fast_forward(31_000)
    await expect(indicator).to_contain_text("Live Data", timeout=A_BEAT)
    await expect(page.locator("#notice")).to_be_hidden()
    await expect(figure(page, "overall_average")).to_have_text("72.00%")


async def test_a_page_that_is_signed_out_elsewhere_says_so_and_keeps_what_it_shows(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    await context.clock.install()
    page = await signed_in(context, server)
    other = await context.new_page()
    await other.goto(server.url)
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.wait_for_timeout(1_500)
    await context.clock.fast_forward(31_000)
    await expect(page.locator("#indicator")).to_contain_text("signed out")
    await expect(page.locator("#notice")).to_contain_text("You are signed out")
    await expect(figure(page, "overall_average")).to_have_text("70.00%")


@pytest.mark.parametrize("javascript", [False, True])
async def test_hostile_names_are_text_and_break_no_layout(
    browser: Browser, server: Server, connection: Any, javascript: bool
) -> None:
    await folded_in(connection)
    async with await browser.new_context(
        java_script_enabled=javascript, viewport={"width": 360, "height": 740}
    ) as context:
        page = await signed_in(context, server)
        if javascript:
            await connection.execute("update grades set remarks = 'seen', score = score + 1")
            await expect(figure(page, "overall_average")).to_have_text("71.00%")
            assert await page.evaluate("window.broken") is None
        for name in HOSTILE.values():
            await expect(
                page.locator("#page bdi").get_by_text(name, exact=True).first
            ).to_be_visible()
        assert await page.locator("#page img").count() == 0
        width = await page.locator("html").evaluate("root => root.scrollWidth")
        assert width == 360


async def test_an_ending_session_is_renewed_without_a_new_sign_in(
    context: BrowserContext, server: Server
) -> None:
    page = await signed_in(context, server)
    before = {cookie["name"]: cookie["value"] for cookie in await context.cookies()}
    renewed = await page.evaluate(
        "async () => {"
        " const here = document.querySelector('script[type=module]').src;"
        " const session = await import(new URL('session.js', here));"
        " return session.renewSession();"
        "}"
    )
    assert renewed is True
    after = {cookie["name"]: cookie["value"] for cookie in await context.cookies()}
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)
    # the form was made with the old token, and still signs out
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
