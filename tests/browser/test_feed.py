"""The list of the newest events: similar ones are one line that grows."""

import re
from typing import Any

import anyio
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect
from processes import Server

from .conftest import HOSTILE, signed_in

pytestmark = pytest.mark.browser
# The first heartbeat comes with the stream, far within a beat of 10 s. In milliseconds.
A_MOMENT = 5_000
QUIZ = "\u2068Quiz\u2069 · \u2068Mathematics\u2069"
GRADE = "insert into grades (student_id, exam_id, score) values ($1, $2, $3)"


async def quiz(connection: Any, section: int) -> tuple[int, list[int]]:
    """An exam that nobody has a grade of, and twelve more students of the section."""
    exam = await connection.fetchval(
        "insert into exams (section_id, subject_id, name)"
        " values ($1, (select id from subjects), 'Quiz') returning id",
        section,
    )
    students = await connection.fetch(
        "insert into students (school_id, student_number, first_name)"
        " select (select id from schools), 'T' || n, 'Pupil ' || n from generate_series(1, 12) n"
        " returning id"
    )
    ids = [row["id"] for row in students]
    await connection.execute(
        "insert into enrollments select unnest($1::bigint[]), $2", ids, section
    )
    await folded_in(connection)
    return exam, ids


async def folded_in(connection: Any) -> None:
    await connection.execute("call performance_wait(timeout => '10 s')")


async def live(context: BrowserContext, server: Server, **kept: Any) -> Page:
    page = await signed_in(context, server, **kept)
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=A_MOMENT)
    return page


def entry(page: Page, title: str) -> Locator:
    return page.locator("#feed li").filter(has=page.locator(f'.feed-title bdi:text-is("{title}")'))


async def words(row: Locator) -> list[str]:
    """What an entry says, without its time, which the live page tells in the reader's own zone."""
    return await row.locator(".feed-text [data-field]").all_inner_texts()


async def test_grades_of_one_exam_are_one_line_that_grows_and_reads_the_same_after_a_reload(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    exam, students = await quiz(connection, school)
    errors: list[str] = []
    page = await live(context, server, errors=errors)
    before = await page.locator("#feed li").count()
    kept = None
    for number, student in enumerate(students, 1):
        await connection.execute(GRADE, student, exam, 50 + number)
        row = page.locator("#feed li").first
        if number == 1:
            await expect(row).to_contain_text("51 of 100 (F) in \u2068Mathematics\u2069")
            kept = await row.element_handle()
        else:
            average = 50 + (number + 1) / 2
            await expect(row).to_contain_text(f"{number} of 17 graded, average {average:.2f}%")
            await expect(row.locator(".feed-title bdi")).to_have_text(QUIZ)
            await expect(row.locator(".badge")).to_have_text(re.compile(rf"^{number}\s*events$"))
            await expect(row.locator(".feed-newest")).to_contain_text(f"Pupil {number}")
        await expect(page.locator("#feed li")).to_have_count(before + 1)
    assert kept is not None
    assert await kept.evaluate("row => row === document.querySelector('#feed li')")
    await connection.execute("update grades set score = 70 where score = 62 and exam_id = $1", exam)
    row = page.locator("#feed li").first
    await expect(row).to_contain_text("12 of 17 graded, average 57.17%")
    await expect(row).to_contain_text("62 → 70 of 100 (C)")
    said = await words(row)
    await page.reload()
    assert await words(page.locator("#feed li").first) == said
    # and goes on growing from there
    await connection.execute("delete from grades where student_id = $1", students[0])
    await expect(row).to_contain_text("11 of 17 graded, average 57.73%")
    await expect(row.locator(".badge")).to_contain_text("14")
    await expect(page.locator("#feed li")).to_have_count(before + 1)
    assert errors == []


async def test_a_name_leads_to_the_student_and_keeps_what_else_the_address_holds(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    exam, students = await quiz(connection, school)
    await connection.execute(GRADE, students[0], exam, 50)
    await folded_in(connection)
    page = await live(context, server)
    link = page.locator("#feed li").first.get_by_role("link", name="Pupil 1")
    await expect(link).to_have_attribute("href", f"/?student={students[0]}")
    await expect(link).to_have_attribute("data-student", str(students[0]))
    await page.evaluate("history.replaceState(null, '', '?term=7')")
    await connection.execute(GRADE, students[1], exam, 60)
    row = page.locator("#feed li").first
    link = row.get_by_role("link", name="Pupil 2")
    await expect(link).to_have_attribute("href", f"/?term=7&student={students[1]}")
    await expect(link).to_have_attribute("data-student", str(students[1]))
    # the title is the exam's now, and leads nowhere
    await expect(row.get_by_role("link")).to_have_count(1)


async def test_who_stands_on_a_link_stays_there_when_its_entry_goes_to_the_top(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    exam, students = await quiz(connection, school)
    for student in students[:2]:
        await connection.execute(GRADE, student, exam, 50)
    await connection.execute(
        "insert into exams (section_id, subject_id, name)"
        " values ($1, (select id from subjects), 'Other')",
        school,
    )
    await folded_in(connection)
    page = await live(context, server)
    await expect(page.locator("#feed li").first).to_contain_text("Other")
    await page.locator("#feed li").nth(1).get_by_role("link").focus()
    await connection.execute(GRADE, students[2], exam, 50)
    await expect(page.locator("#feed li").first).to_contain_text("3 of 17 graded")
    await expect(page.locator("#feed li").first.get_by_role("link")).to_be_focused()


async def test_what_the_page_was_made_with_is_not_counted_again_when_the_stream_repeats_it(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    exam, students = await quiz(connection, school)
    page = await live(context, server)
    since = await page.locator("#page").get_attribute("data-since")
    for student in students[:3]:
        await connection.execute(GRADE, student, exam, 50)
    await folded_in(connection)

    async def older(route: Any) -> None:
        """The page as if its figures had been read before the grades, its newest events after."""
        response = await route.fetch()
        body = re.sub(r'data-since="[^"]*"', f'data-since="{since}"', await response.text())
        await route.fulfill(response=response, body=body)

    await page.route(f"{server.url}/", older)
    await page.reload()
    row = page.locator("#feed li").first
    await expect(row).to_contain_text("3 of 17 graded")
    await connection.execute(GRADE, students[3], exam, 50)
    await expect(row).to_contain_text("4 of 17 graded")
    await expect(row.locator(".badge")).to_have_text(re.compile(r"^4\s*events$"))


async def test_what_happens_while_the_page_is_read_again_is_neither_lost_nor_counted_twice(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    exam, students = await quiz(connection, school)
    page = await live(context, server)
    read, answered = anyio.Event(), anyio.Event()

    async def hold(route: Any) -> None:
        response = await route.fetch()
        read.set()
        await answered.wait()
        await route.fulfill(response=response)

    await page.route(f"{server.url}/", hold)
    await connection.execute(GRADE, students[0], exam, 50)
    await expect(page.locator("#feed li").first).to_contain_text("50 of 100")
    # a right that changes is told to the page, which reads everything again
    await connection.execute(
        "with other as (insert into sections (school_id, name) select id, 'B' from schools"
        " returning id) insert into section_educators select other.id, educators.id"
        " from other, educators"
    )
    with anyio.fail_after(10):
        await read.wait()
    async with page.expect_response(f"{server.url}/"):
        for student in students[1:3]:
            await connection.execute(GRADE, student, exam, 50)
        await expect(page.locator('.tiles [data-field="no_data"]')).to_have_text("9")
        answered.set()
    row = page.locator("#feed li").first
    await expect(row).to_contain_text("3 of 17 graded")
    await expect(row.locator(".badge")).to_have_text(re.compile(r"^3\s*events$"))


@pytest.mark.parametrize("width", [360, 1280])
async def test_an_entry_of_several_fits_the_page_with_targets_of_24_pixels(
    browser: Browser, server: Server, connection: Any, school: int, width: int
) -> None:
    await folded_in(connection)
    async with await browser.new_context(viewport={"width": width, "height": 740}) as context:
        page = await live(context, server)
        for name in HOSTILE.values():
            await connection.execute(
                "update grades set score = 99"
                " where student_id = (select id from students where first_name = $1)",
                name,
            )
            await expect(page.locator("#feed .feed-newest").first).to_contain_text(name)
        assert await page.locator("html").evaluate("root => root.scrollWidth") == width
        for link in await page.locator("#feed li:visible a[href]:visible").all():
            box = await link.bounding_box()
            assert box is not None
            assert box["height"] >= 24
            assert box["width"] >= 24
            assert box["x"] + box["width"] <= width


async def test_what_scrolls_in_its_window_does_not_lengthen_the_page(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    """End must not show an empty screen below the foot, however full the list of the newest is."""
    _, students = await quiz(connection, school)
    exams = await connection.fetch(
        "insert into exams (section_id, subject_id, name)"
        " select $1, (select id from subjects), 'Exam ' || n from generate_series(1, 30) n"
        " returning id",
        school,
    )
    # each a line that says how many it stands for
    for exam in exams:
        for student in students[:2]:
            await connection.execute(GRADE, student, exam["id"], 50)
    await folded_in(connection)
    page = await live(context, server)
    await expect(page.locator("#feed .badge:visible")).to_have_count(30)
    beyond = await page.evaluate(
        "document.documentElement.scrollHeight"
        " - document.querySelector('.page-foot').getBoundingClientRect().bottom - scrollY"
    )
    assert beyond <= 64
