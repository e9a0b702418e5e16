"""Ids that no number of JavaScript's can hold: merged systems give them."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect
from processes import Server

from .conftest import signed_in
from .test_overview import folded_in
from .test_views import live

pytestmark = [pytest.mark.browser, pytest.mark.reliability("large ids")]

# The first two are one number to JavaScript.
FIRST, SECOND = 115370000000000060, 115370000000000061
SECTION, OTHER_SECTION = 9007199254740992, 9007199254740993


@pytest.fixture
async def two_students(connection: Any, school: int) -> None:
    """Alice and Bob, whose ids differ in their last digit; with 90 and 80 %."""
    exam = await connection.fetchval("select id from exams")
    for student, name, score in ((FIRST, "Alice", 90), (SECOND, "Bob", 80)):
        await connection.execute(
            "insert into students (id, school_id, student_number, first_name)"
            " select $1, id, $2, $2 from schools",
            *(student, name),
        )
        await connection.execute("insert into enrollments values ($1, $2)", student, school)
        await connection.execute(
            "insert into grades (student_id, exam_id, score) values ($1, $2, $3)",
            *(student, exam, score),
        )
    await folded_in(connection)


async def test_live_figures_land_in_the_row_of_their_own_student(
    context: BrowserContext, server: Server, connection: Any, school: int, two_students: None
) -> None:
    page = await live(context, server, f"/sections/{school}")
    await expect(_average(page, "Alice")).to_have_text("90.00%")
    # a reader at the table: it is not fetched again beneath the pointer
    await page.get_by_role("link", name="Alice").first.hover()
    await _score(connection, SECOND, 12)
    await expect(_average(page, "Bob")).to_have_text("12.00%")
    await expect(_average(page, "Alice")).to_have_text("90.00%")
    await _score(connection, FIRST, 34)
    await expect(_average(page, "Alice")).to_have_text("34.00%")
    await expect(_average(page, "Bob")).to_have_text("12.00%")


async def test_a_line_of_the_feed_opens_its_own_student_and_the_card_follows(
    context: BrowserContext, server: Server, connection: Any, two_students: None
) -> None:
    page = await live(context, server, "/")
    await _score(connection, SECOND, 12)
    line = page.locator("#feed").get_by_role("link", name="Bob").first
    await expect(line).to_have_attribute("href", f"/?student={SECOND}")
    await line.click()
    card = page.get_by_role("dialog")
    await expect(card.get_by_role("heading", name="Bob")).to_be_visible()
    await expect(card).to_contain_text("12.00%")
    await _score(connection, SECOND, 56)
    await expect(card).to_contain_text("56.00%")
    await page.reload()
    await expect(card.get_by_role("heading", name="Bob")).to_be_visible()
    await expect(line).to_have_attribute("href", f"/?student={SECOND}")


async def test_a_list_in_pages_and_its_filters_keep_large_sections_apart(
    context: BrowserContext, server: Server, connection: Any, two_students: None
) -> None:
    for section, student in ((SECTION, FIRST), (OTHER_SECTION, SECOND)):
        await connection.execute(
            "insert into sections (id, school_id, name) select $1, id, $2 from schools",
            *(section, f"Section {section}"),
        )
        await connection.execute(
            "insert into section_educators select $1, id from educators", section
        )
        await connection.execute("insert into enrollments values ($1, $2)", student, section)
    await folded_in(connection)
    page = await signed_in(context, server)
    for section, name in ((SECTION, "Alice"), (OTHER_SECTION, "Bob")):
        answer = await page.request.get(
            f"{server.url}/api/v1/performance/students?section_id={section}"
        )
        text = await answer.text()
        assert f'"section_id":{section}' in text
        assert name in text
        assert (await answer.json())["total"] == 1
    seen = ""
    following: str | None = ""
    while following is not None:
        answer = await page.request.get(
            f"{server.url}/api/v1/performance/students?limit=1"
            + (f"&cursor={following}" if following else "")
        )
        seen += await answer.text()
        following = (await answer.json())["next"]
    assert seen.count(f'"id":{FIRST}') == seen.count(f'"id":{SECOND}') == 2


def _average(page: Page, name: str) -> Any:
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name))
    return row.locator("[data-field=average_score]")


async def _score(connection: Any, student: int, score: int) -> None:
    await connection.execute("update grades set score = $2 where student_id = $1", student, score)
