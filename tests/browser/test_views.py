"""Section, subject and student pages as they are used: live values, filters, order, addresses."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from processes import Server

from .conftest import HOSTILE, signed_in
from .test_overview import folded_in

pytestmark = pytest.mark.browser
SOON = 1_000  # milliseconds: how late a committed row may show
A_MOMENT = 5_000


async def live(context: BrowserContext, server: Server, address: str, **kept: Any) -> Page:
    """A page of ``context`` at an address of the server that shows live values."""
    page = await signed_in(context, server, **kept)
    await page.goto(server.url + address)
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=A_MOMENT)
    return page


def names(page: Page) -> Any:
    return page.locator('[data-list="roster"] a[data-student]')


async def student_named(connection: Any, name: str) -> int:
    return int(await connection.fetchval("select id from students where first_name = $1", name))


async def requests_of(page: Page) -> list[str]:
    """The addresses asked for from now on, without the stream's."""
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/stream" not in r.url else None)
    return asked


async def test_every_view_has_an_address_and_the_way_back(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await signed_in(context, server)
    views = page.get_by_role("navigation", name="Views")
    for name, path in (("Sections", "/sections"), ("Subjects", "/subjects")):
        await views.get_by_role("link", name=name).click()
        await expect(page).to_have_url(server.url + path)
        await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    await page.locator("main").get_by_role("link", name="Mathematics").click()
    await expect(page).to_have_url(re.compile(r"/subjects/\d+$"))
    await page.locator("main").get_by_role("link", name="Class 10-A").first.click()
    await expect(page).to_have_url(f"{server.url}/sections/{school}")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Class 10-A")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Mathematics")
    await page.go_forward()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Class 10-A")


async def test_a_committed_row_shows_on_every_open_view_within_a_second(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    subject = await connection.fetchval("select id from subjects")
    errors: list[str] = []
    section = await live(context, server, f"/sections/{school}", errors=errors)
    pages = {"section": section}
    for name, path in (
        ("sections", "/sections"),
        ("subjects", "/subjects"),
        ("subject", f"/subjects/{subject}"),
        ("students", "/students"),
    ):
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(server.url + path)
        await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=A_MOMENT)
        pages[name] = page
    student = await student_named(connection, HOSTILE["formula"])
    await connection.execute("update grades set score = 100 where student_id = $1", student)
    own = f'[data-record="standing:{student}-{school}"] [data-field="average_score"]'
    mark = f'[data-record="mark:{student}-{school}-{subject}"] [data-field="percentage"]'
    for name, place, text in (
        ("section", '.tiles [data-field="average_score"]', "78.00%"),
        ("section", own, "100.00%"),
        ("section", '[data-list="section-subjects"] [data-field="average_score"]', "78.00%"),
        ("students", own, "100.00%"),
        ("sections", f'[data-record="section:{school}"] [data-field="average_score"]', "78.00%"),
        ("subjects", f'[data-record="subject:{subject}"] [data-field="average_score"]', "78.00%"),
        ("subject", '.tiles [data-field="average_score"]', "78.00%"),
        ("subject", mark, "100.00%"),
    ):
        await expect(pages[name].locator(place)).to_have_text(text, timeout=SOON)
    top = section.locator('[data-list="top"] li')
    await expect(top.first).to_contain_text("=1+1", timeout=A_MOMENT)
    assert errors == []


async def test_figures_come_with_the_events_and_not_by_asking(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await live(context, server, "/")
    asked = await requests_of(page)
    for score in range(50, 60):
        await connection.execute("update grades set score = $1 where score < 60", score)
    average = page.locator('.tiles [data-field="overall_average"]')
    await expect(average).to_have_text("71.80%", timeout=A_MOMENT)
    assert asked == []


async def test_many_changes_of_a_section_ask_for_its_page_a_few_times(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    asked = await requests_of(page)
    for score in range(50, 90):
        await connection.execute("update grades set score = $1 where score = $1 - 1", score)
        await connection.execute("update grades set score = $1 where score < $1", score)
    last = page.locator('[data-list="top"] li').last
    await expect(last).to_contain_text("89.00%", timeout=A_MOMENT)
    assert 1 <= len(asked) <= 4, asked


async def test_the_table_is_searched_as_one_types_and_the_address_says_so(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    await expect(names(page)).to_have_count(5)
    await page.get_by_label("Search").press_sequentially("zoë", delay=20)
    await expect(names(page)).to_have_text([HOSTILE["emoji"]])
    await expect(page).to_have_url(re.compile(r"\?q=zo%C3%AB$"))
    await expect(page.get_by_label("Search")).to_be_focused()
    await expect(page.locator("#roster-count")).to_contain_text("1 student found")
    await page.reload()
    await expect(names(page)).to_have_text([HOSTILE["emoji"]])
    await expect(page.get_by_label("Search")).to_have_value("zoë")
    await page.get_by_role("link", name="Clear").click()
    await expect(names(page)).to_have_count(5)
    await expect(page.get_by_label("Search")).to_have_value("")
    await page.get_by_label("Result").select_option("fail")
    await expect(names(page)).to_have_text([HOSTILE["markup"]])
    await page.go_back()
    await expect(names(page)).to_have_text([HOSTILE["emoji"]])
    await page.get_by_label("Search").fill("nobody has this name")
    await expect(page.get_by_text("No students match these filters.")).to_be_visible()


async def test_every_column_sorts_and_says_how(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    head = page.locator(".roster thead")
    await head.get_by_role("link", name="Average").click()
    await expect(head.locator("[aria-sort]")).to_have_text(re.compile("Average"))
    await expect(head.locator('[aria-sort="descending"]')).to_have_count(1)
    await expect(names(page).first).to_have_text(HOSTILE["long"])
    await page.keyboard.press("Enter")  # the focus stayed on the head of the column
    await expect(head.locator('[aria-sort="ascending"]')).to_have_count(1)
    await expect(names(page).first).to_have_text(HOSTILE["markup"])
    for column in await head.get_by_role("link").all_inner_texts():
        await head.get_by_role("link", name=column.strip(" ↑↓"), exact=True).click()
        await expect(head.locator("[aria-sort]")).to_have_count(1)
        await expect(head.locator("[aria-sort]")).to_have_text(re.compile(column.strip(" ↑↓")))
        await expect(names(page)).to_have_count(5)


async def test_a_row_never_moves_under_the_pointer(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}?sort=average&order=desc")
    last = await student_named(connection, HOSTILE["markup"])
    row = page.locator(f'[data-list="roster"] tr[data-record="standing:{last}-{school}"]')
    await row.hover()
    await connection.execute("update grades set score = 100 where student_id = $1", last)
    await expect(row.locator('[data-field="average_score"]')).to_have_text("100.00%")
    offer = page.locator("#offer")
    await expect(offer).to_be_visible(timeout=A_MOMENT)
    await expect(names(page).last).to_have_text(HOSTILE["markup"])
    await offer.get_by_role("button", name="Sort again").click()
    await expect(names(page).first).to_have_text(HOSTILE["markup"])
    await expect(offer).to_be_hidden()


async def test_rows_are_sorted_again_by_themselves_once_the_reader_has_left_them(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}?sort=average&order=desc")
    last = await student_named(connection, HOSTILE["markup"])
    await names(page).last.hover()
    await connection.execute("update grades set score = 100 where student_id = $1", last)
    await expect(page.locator("#offer")).to_be_visible(timeout=A_MOMENT)
    await page.mouse.move(5, 5)
    await expect(names(page).first).to_have_text(HOSTILE["markup"], timeout=A_MOMENT)


async def test_who_joins_and_who_leaves_comes_and_goes(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    await connection.execute(
        "with one as (insert into students (school_id, first_name) select school_id, 'Newly'"
        " from sections where id = $1 returning id) insert into enrollments (student_id,"
        " section_id) select id, $1 from one",
        school,
    )
    await expect(names(page)).to_have_count(6, timeout=A_MOMENT)
    newly = page.locator("tr", has=page.get_by_role("link", name="Newly"))
    await expect(newly).to_contain_text("–")
    await expect(page.locator('.tiles [data-field="total_students"]')).to_have_text("6")
    await connection.execute("delete from students where first_name = 'Newly'")
    await expect(names(page)).to_have_count(5, timeout=A_MOMENT)


async def test_another_name_of_a_section_reaches_the_page(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    await connection.execute("update sections set name = 'Class <b>11</b>' where id = $1", school)
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Class <b>11</b>", timeout=A_MOMENT
    )
    await expect(page).to_have_title("Class <b>11</b> – classpulse")


async def test_a_section_that_is_taken_away_is_said(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await live(context, server, f"/sections/{school}")
    await connection.execute("delete from section_educators where section_id = $1", school)
    await expect(page.locator("#notice")).to_contain_text("no longer have access", timeout=A_MOMENT)


async def test_filters_work_without_javascript(
    browser: Browser, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    async with await browser.new_context(java_script_enabled=False) as context:
        page = await signed_in(context, server)
        await page.goto(f"{server.url}/sections/{school}")
        await page.get_by_label("Average from").fill("75")
        await page.get_by_role("button", name="Filter").click()
        await expect(names(page)).to_have_count(2)
        await page.locator(".roster thead").get_by_role("link", name="Average").click()
        await expect(names(page).first).to_have_text(HOSTILE["long"])
        await expect(names(page)).to_have_count(2)


async def test_the_theme_is_chosen_and_kept(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await signed_in(context, server)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)
    button = page.get_by_role("button", name=re.compile("Theme: system"))
    await button.click()
    await page.get_by_role("button", name=re.compile("Theme: light")).click()
    assert await page.evaluate(ground) != light
    await page.goto(f"{server.url}/students")
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
    await page.get_by_role("button", name=re.compile("Theme: dark")).click()
    assert await page.evaluate(ground) == light


async def test_another_term_is_a_choice_in_the_header(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await connection.execute(
        "insert into terms (id, school_id, name, starts_on, ends_on)"
        " select 71, id, 'Last year', '2020-01-01', '2020-12-31' from schools;"
        "insert into terms (id, school_id, name, starts_on, ends_on)"
        " select 72, id, 'This year', current_date - 9, current_date + 9 from schools;"
        "insert into sections (id, school_id, term_id, name)"
        " select 77, id, 71, 'Class 9-Z' from schools;"
        "insert into section_educators select 77, id from educators;"
    )
    await folded_in(connection)
    page = await live(context, server, "/")
    await expect(page.locator("main")).not_to_contain_text("Class 9-Z")
    await page.get_by_label("Term").select_option("Last year")
    await expect(page).to_have_url(f"{server.url}/?term=71")
    await expect(page.locator('[data-list="sections"]')).to_contain_text("Class 9-Z")
    await connection.execute("update sections set name = 'Class 9-Y' where id = 77")
    await expect(page.locator('[data-list="sections"]')).to_contain_text(
        "Class 9-Y", timeout=A_MOMENT
    )
    views = page.get_by_role("navigation", name="Views")
    await views.get_by_role("link", name="Sections").click()
    await expect(page).to_have_url(f"{server.url}/sections?term=71")
