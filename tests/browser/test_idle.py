"""What an open page that nobody touches asks for, while others write."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect
from processes import Server

from .conftest import signed_in
from .test_overview import folded_in
from .test_sameness import difference, second_section
from .test_views import live, requests_of

pytestmark = pytest.mark.browser
A_MOMENT = 5_000

GRADE = "update grades set score = $1 where id = (select min(id) from grades)"
WRITES = (
    "update grades set score = 90 - score % 30 where exam_id in (select min(id) from exams)",
    "insert into attendance (student_id, section_id, date, status)"
    " select student_id, section_id, date '2025-01-01' + {n}, 'late' from enrollments limit 3",
)


async def asked_while_others_write(page: Page, connection: Any) -> list[str]:
    """The addresses that a page asks for in six seconds of changes that its events tell whole."""
    asked = await requests_of(page)
    for n in range(12):
        await connection.execute(WRITES[n % 2].format(n=n))
        await page.wait_for_timeout(500)
    return asked


@pytest.mark.parametrize("path", ["/subjects", "/subjects/{subject}", "/students"])
async def test_a_table_by_name_is_told_by_events_and_not_fetched(
    context: BrowserContext, server: Server, connection: Any, path: str
) -> None:
    await second_section(connection)
    await folded_in(connection)
    subject = await connection.fetchval("select id from subjects where code = 'MATH'")
    address = path.format(subject=subject)
    page = await live(context, server, address)
    assert await asked_while_others_write(page, connection) == []
    await folded_in(connection)
    fresh = await context.new_page()
    await fresh.goto(server.url + address)
    assert await difference(page, fresh, 3) == []


async def test_a_subject_does_not_ask_for_what_happens_in_others(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    second = await second_section(connection)
    physics = await connection.fetchval("select id from subjects where code = 'PHY'")
    await connection.execute(
        "insert into exams (section_id, subject_id, name) values ($1, $2, 'Lab')", second, physics
    )
    await folded_in(connection)
    # an order that figures decide
    page = await live(context, server, f"/subjects/{physics}?sort=average&order=desc")
    asked = await requests_of(page)
    for score in range(60, 66):
        await connection.execute(GRADE, score)
        await page.wait_for_timeout(400)
    assert asked == []


async def test_what_is_shown_already_is_not_sent_again(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    second = await second_section(connection)
    await folded_in(connection)
    # what is best in one section is not on the page of the first three
    page = await live(context, server, "/students?sort=average&order=desc&limit=3")
    answers: list[int] = []
    page.on(
        "response",
        lambda answer: answers.append(answer.status) if "limit=3" in answer.url else None,
    )
    for n in range(2):
        await connection.execute(
            "insert into attendance (student_id, section_id, date, status)"
            " select min(student_id), $1, date '2025-03-01' + $2::integer, 'present'"
            " from enrollments where section_id = $1",
            second if n else school,
            n,
        )
        await page.wait_for_timeout(3_600)
    assert answers == [200, 304]


async def test_only_pages_that_show_the_overview_ask_for_it(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await folded_in(connection)
    page = await signed_in(context, server)
    streams: list[str] = []
    page.on("request", lambda r: streams.append(r.url) if "/stream" in r.url else None)
    for path, wants in ((f"/sections/{school}", False), ("/students", False), ("/", True)):
        await page.goto(server.url + path)
        await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=A_MOMENT)
        assert ("performance_update" in streams[-1]) is wants
