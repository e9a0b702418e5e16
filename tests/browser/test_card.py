import re
from itertools import pairwise
from typing import Any

import anyio
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect
from processes import Server

from .conftest import HOSTILE, signed_in

pytestmark = pytest.mark.browser
# In milliseconds.
A_SECOND = 1_000
# A card is fetched again at most every two seconds.
A_FETCH = 3_000
A_MOMENT = 5_000


@pytest.fixture
async def students(connection: Any, school: int) -> dict[str, int]:
    """The ids of the section's students by their names."""
    rows = await connection.fetch("select id, first_name from students")
    return {row["first_name"]: row["id"] for row in rows}


async def opened(context: BrowserContext, server: Server, path: str, **kept: Any) -> Page:
    """A live page at ``path``."""
    page = await signed_in(context, server, **kept)
    await page.goto(server.url + path)
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=A_MOMENT)
    return page


async def folded_in(connection: Any) -> None:
    await connection.execute("call performance_wait(timeout => '10 s')")


def link(page: Page, name: str) -> Locator:
    return page.locator("#page").get_by_role("link", name=name, exact=True).first


def card(page: Page) -> Locator:
    return page.get_by_role("dialog")


async def is_modal(page: Page) -> bool:
    return bool(await page.locator("#card").evaluate("card => card.matches(':modal')"))


async def test_a_click_opens_the_card_and_escape_leads_back_to_the_link(
    context: BrowserContext, server: Server, connection: Any, students: dict[str, int]
) -> None:
    await folded_in(connection)
    errors: list[str] = []
    page = await opened(context, server, "/students?sort=average", errors=errors)
    await link(page, "=1+1").click()
    await expect(card(page)).to_be_visible()
    assert await is_modal(page)
    await expect(card(page).get_by_role("heading", name="=1+1")).to_be_visible()
    await expect(card(page).locator("[data-field=place]")).to_have_text("4th")
    await expect(page).to_have_url(f"{server.url}/students?sort=average&student={students['=1+1']}")
    await page.keyboard.press("Escape")
    await expect(card(page)).to_be_hidden()
    await expect(page).to_have_url(f"{server.url}/students?sort=average")
    await expect(link(page, "=1+1")).to_be_focused()
    assert errors == []


async def test_the_keyboard_opens_walks_and_closes(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await opened(context, server, "/students")
    await link(page, "Zoë 🎓").focus()
    await page.keyboard.press("Enter")
    close = card(page).get_by_role("link", name="Close")
    await expect(close).to_be_focused()
    await expect(card(page).locator(".mark")).to_have_count(1)
    await expect(close).to_be_focused()
    for name in ("PDF", "Excel", "CSV", "Class 10-A"):
        await page.keyboard.press("Tab")
        await expect(card(page).get_by_role("link", name=name)).to_be_focused()
    # how it went, why the average is what it is, then all grades
    await page.keyboard.press("Tab")
    weeks = card(page).locator("summary", has_text="Week by week")
    await expect(weeks).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(card(page).locator(".mark-why summary")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(card(page).get_by_role("table", name="Grades in Mathematics")).to_be_visible()
    await close.focus()
    await page.keyboard.press("Enter")
    await expect(card(page)).to_be_hidden()
    await expect(link(page, "Zoë 🎓")).to_be_focused()


async def test_back_closes_forward_opens_and_a_reload_keeps(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await opened(context, server, "/students")
    await link(page, "=1+1").click()
    await expect(card(page).locator(".mark")).to_have_count(1)
    await page.go_back()
    await expect(card(page)).to_be_hidden()
    await expect(page).to_have_url(f"{server.url}/students")
    await page.go_forward()
    await expect(card(page).get_by_role("heading", name="=1+1")).to_be_visible()
    await page.reload()
    await expect(card(page).get_by_role("heading", name="=1+1")).to_be_visible()
    await expect(page.locator("#card:modal")).to_be_visible()
    await card(page).get_by_role("link", name="Close").click()
    await expect(card(page)).to_be_hidden()
    await expect(page).to_have_url(f"{server.url}/students")
    await page.go_back()
    await expect(page).to_have_url(f"{server.url}/")


async def test_a_page_that_came_with_a_card_closes_it_in_place(
    context: BrowserContext, server: Server, connection: Any, students: dict[str, int]
) -> None:
    await folded_in(connection)
    page = await opened(context, server, f"/sections?student={students['=1+1']}")
    await expect(page.locator("#card:modal")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(f"{server.url}/sections")
    await page.go_back()
    await expect(page).to_have_url(f"{server.url}/")


async def test_a_click_beside_the_card_closes_it_and_one_inside_does_not(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await opened(context, server, "/students")
    await link(page, "=1+1").click()
    await expect(card(page).locator(".mark")).to_have_count(1)
    box = await page.locator("#card").bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + 40, box["y"] + box["height"] - 8)
    # a text selected from inside to outside
    await page.mouse.move(box["x"] + 200, box["y"] + 200)
    await page.mouse.down()
    await page.mouse.move(5, 300)
    await page.mouse.up()
    await expect(card(page)).to_be_visible()
    await page.mouse.click(5, 300)
    await expect(card(page)).to_be_hidden()


async def test_a_click_for_a_tab_of_its_own_gets_one(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await opened(context, server, "/students")
    async with context.expect_page() as opening:
        await link(page, "=1+1").click(modifiers=["ControlOrMeta"])
    other = await opening.value
    await expect(other.get_by_role("dialog")).to_be_visible()
    await expect(card(page)).to_be_hidden()


async def test_the_focus_returns_to_a_row_that_was_made_again(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await opened(context, server, "/students")
    await link(page, "=1+1").click()
    await expect(card(page).locator(".mark")).to_have_count(1)
    await page.locator("[data-list=roster]").evaluate(
        "list => list.replaceChildren(...[...list.children].map((row) => row.cloneNode(true)))"
    )
    await page.keyboard.press("Escape")
    await expect(link(page, "=1+1")).to_be_focused()


async def test_an_open_card_follows_the_database_within_a_second(
    context: BrowserContext, server: Server, connection: Any, students: dict[str, int]
) -> None:
    await folded_in(connection)
    errors: list[str] = []
    page = await opened(context, server, f"/students?student={students['=1+1']}", errors=errors)
    shown = card(page)
    await shown.locator(".mark-works summary").click()
    table = shown.get_by_role("table", name="Grades in Mathematics")
    await expect(table).to_be_visible()
    focused = shown.get_by_role("link", name="Class 10-A")
    await focused.focus()
    await connection.execute(
        "update grades set score = 100 where student_id = $1", students["=1+1"]
    )
    record = shown.locator("dl[data-record]")
    await expect(record.locator("[data-field=average_score]")).to_have_text(
        "100.00%", timeout=A_SECOND
    )
    await expect(record.locator("[data-field=place]")).to_have_text("1st", timeout=A_FETCH)
    await expect(shown.locator(".changes li").first).to_contain_text(
        re.compile(r"Mid-term: before 60 → now 100 of 100 \(A\+\)"), timeout=A_FETCH
    )
    dot = shown.locator(".line-chart .dot")
    await expect(dot).to_have_attribute("d", re.compile(r" 0\.00h"), timeout=A_FETCH)
    # what the reader opened and where they are stays
    await expect(table).to_be_visible()
    await expect(table).to_contain_text("100 of 100")
    await expect(focused).to_be_focused()
    await connection.execute(
        "insert into attendance (student_id, section_id, date, status)"
        " select $1, id, '2025-10-21', 'absent' from sections",
        students["=1+1"],
    )
    await expect(shown.locator(".calendar .is-absent")).to_have_count(1, timeout=A_MOMENT)
    assert errors == []


async def test_somebody_elses_grade_moves_the_rank(
    context: BrowserContext, server: Server, connection: Any, students: dict[str, int]
) -> None:
    await folded_in(connection)
    page = await opened(context, server, "/students")
    await link(page, "=1+1").click()
    place = card(page).locator("[data-field=place]")
    await expect(place).to_have_text("4th")
    await connection.execute(
        "update grades set score = 1 where student_id = $1", students["Zoë 🎓"]
    )
    await expect(place).to_have_text("3rd", timeout=12_000)


async def test_a_card_opens_at_once_with_the_name_and_says_when_it_can_not_be_had(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await opened(context, server, "/students")
    held = anyio.Event()

    async def hold(route: Any) -> None:
        await held.wait()
        await route.abort()

    await page.route("**/card", hold)
    await link(page, "=1+1").click()
    await expect(card(page).get_by_role("heading", name="=1+1")).to_be_visible()
    await expect(card(page)).to_contain_text("Loading…")
    held.set()
    await expect(card(page).get_by_role("status")).to_contain_text("Couldn’t refresh this card")
    await expect(page.locator(".card-loading")).to_be_hidden()
    await page.unroute("**/card")
    await card(page).get_by_role("link", name="Try again").click()
    await expect(card(page).locator(".mark")).to_have_count(1)
    await expect(card(page).get_by_role("status")).to_be_hidden()


async def test_a_student_who_leaves_takes_the_card_along_and_not_the_page(
    context: BrowserContext, server: Server, connection: Any, students: dict[str, int]
) -> None:
    await folded_in(connection)
    page = await opened(context, server, f"/students?student={students['=1+1']}")
    await expect(card(page).locator(".mark")).to_have_count(1)
    await connection.execute("delete from students where id = $1", students["=1+1"])
    await expect(card(page).get_by_role("status")).to_contain_text(
        "isn’t in any of your sections", timeout=A_MOMENT
    )
    await expect(card(page).locator(".mark")).to_have_count(0)
    await card(page).get_by_role("status").get_by_role("link", name="Close").click()
    await expect(card(page)).to_be_hidden()
    await expect(page.locator("[data-list=roster] tr")).to_have_count(4)
    await expect(page.locator("#indicator")).to_contain_text("Live Data")


async def test_who_is_signed_out_is_told_in_the_card(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await opened(context, server, "/students")
    await context.clear_cookies()
    await link(page, "=1+1").click()
    await expect(card(page).get_by_role("status")).to_contain_text("signed out")
    await card(page).get_by_role("link", name="Sign in again").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_without_javascript_the_card_is_a_page_with_a_way_back(
    browser: Browser, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    async with await browser.new_context(java_script_enabled=False) as context:
        page = await signed_in(context, server)
        await page.goto(f"{server.url}/students?sort=average&order=desc")
        await link(page, "=1+1").click()
        await expect(card(page).get_by_role("heading", name="=1+1")).to_be_visible()
        await expect(card(page).locator("[data-field=average_score]")).to_have_text("60.00%")
        await card(page).locator(".mark-works summary").click()
        await expect(card(page)).to_contain_text("60 of 100")
        await card(page).get_by_role("link", name="Close").click()
        await expect(card(page)).to_be_hidden()
        await expect(page).to_have_url(f"{server.url}/students?sort=average&order=desc")


@pytest.mark.parametrize("javascript", [False, True])
@pytest.mark.parametrize("name", list(HOSTILE.values()), ids=list(HOSTILE))
async def test_hostile_names_are_text_and_fit_a_phone(
    browser: Browser,
    server: Server,
    connection: Any,
    students: dict[str, int],
    name: str,
    javascript: bool,
) -> None:
    await connection.execute("update subjects set name = $1", name)
    await connection.execute("update exams set name = $1", name)
    await connection.execute("update sections set name = $1", name)
    await connection.execute("update grades set remarks = $1, score = score + 1", name)
    await connection.execute("update students set email = $1, student_number = first_name", name)
    await folded_in(connection)
    async with await browser.new_context(
        java_script_enabled=javascript, viewport={"width": 360, "height": 740}
    ) as context:
        page = await signed_in(context, server)
        await page.goto(f"{server.url}/students")
        if javascript:
            await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=A_MOMENT)
        await page.locator(f"#page a[data-student='{students[name]}']").click()
        shown = page.locator("#card")
        await expect(shown.locator(".mark h4")).to_have_text(name)
        await expect(shown.locator("h2")).to_have_text(name)
        await shown.locator(".mark-works summary").click()
        await expect(shown.locator(".works .remark")).to_have_text(name)
        assert await shown.locator("img").count() == 0
        assert await shown.evaluate("card => card.scrollWidth <= card.clientWidth")
        assert await page.locator("html").evaluate("root => root.scrollWidth") == 360
        if javascript:
            assert await page.evaluate("window.broken") is None
            assert await shown.evaluate("card => card.getBoundingClientRect().width") == 360


async def test_targets_are_large_enough_on_a_phone(
    browser: Browser, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    async with await browser.new_context(viewport={"width": 360, "height": 740}) as context:
        page = await opened(context, server, "/students")
        await link(page, "=1+1").click()
        await expect(card(page).locator(".mark")).to_have_count(1)
        for target in await card(page).locator("a:visible, summary:visible").all():
            box = await target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24, await target.inner_text()


async def test_headings_are_in_order_and_drawings_have_words(
    context: BrowserContext, server: Server, connection: Any, students: dict[str, int]
) -> None:
    await folded_in(connection)
    page = await opened(context, server, f"/students?student={students['=1+1']}")
    levels = await page.locator("#card :is(h1, h2, h3, h4, h5)").evaluate_all(
        "headings => headings.map((heading) => Number(heading.localName[1]))"
    )
    assert levels[0] == 2
    assert all(level <= before + 1 for before, level in pairwise(levels))
    await expect(card(page).get_by_role("img", name="one grade, 60.00%")).to_be_visible()
    await expect(card(page).get_by_role("cell", name="Mon, Oct 20, 2025: present")).to_be_visible()


async def test_an_open_card_is_printed_alone_and_whole(
    context: BrowserContext, server: Server, connection: Any, students: dict[str, int]
) -> None:
    await folded_in(connection)
    page = await opened(context, server, f"/students?student={students['=1+1']}")
    await page.emulate_media(media="print")
    await expect(page.locator("#page")).to_be_hidden()
    await expect(page.locator("header.bar")).to_be_hidden()
    await expect(card(page).locator("h2")).to_be_visible()
    await expect(card(page).locator(".mark-works .works")).to_be_visible()
    await expect(card(page).locator(".who-changed")).to_be_hidden()
    await expect(card(page).get_by_role("link", name="Close")).to_be_hidden()
