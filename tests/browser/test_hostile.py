"""A school that no page likes: everything is shown right, and nothing of it acts."""

import csv
import io
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from processes import Server
from pypdf import PdfReader

from .conftest import HOSTILE, signed_in
from .test_overview import folded_in

pytestmark = pytest.mark.browser
REPORT = "/api/v1/performance/reports/download"
SECTION = "<script>window.broken=1</script> & \"Class\" '10-A' مدرسة"


@pytest.fixture
async def hostile(connection: Any, school: int) -> dict[str, int]:
    """Beside the five: a section of nobody, and one of 2,000 with one ungraded and one at 150 %."""
    await connection.execute("update sections set name = $1 where id = $2", SECTION, school)
    await connection.execute(
        "update subjects set name = '=cmd|'' /C calc''!A0 <i>Maths</i>';"
        "update exams set name = '\"><svg onload=window.broken=1>';"
        "insert into sections (id, school_id, name) select 900, id, 'Nobody' from schools;"
        "insert into sections (id, school_id, name) select 901, id, 'Everybody' from schools;"
        "insert into section_educators select s.id, e.id from sections as s, educators as e"
        " where s.id in (900, 901);"
        "insert into students (id, school_id, student_number, first_name)"
        " select n, school.id, 'E' || n, 'Student ' || n"
        " from schools as school, generate_series(1001, 3000) as n;"
        "insert into enrollments (student_id, section_id, roll_number)"
        " select n, 901, n - 1000 from generate_series(1001, 3000) as n;"
        "insert into grades (student_id, section_id, subject_id, score)"
        " select n, 901, (select id from subjects), n % 101 from generate_series(1003, 3000) as n;"
        "insert into grades (student_id, section_id, subject_id, score)"
        " values (1002, 901, (select id from subjects), 150);"
    )
    await folded_in(connection)
    return {"odd": school, "none": 900, "all": 901}


async def is_inert(page: Page) -> None:
    assert await page.evaluate("() => window.broken") is None
    assert await page.locator("main img, main script, main svg[onload], main i").count() == 0
    width = await page.evaluate("() => document.documentElement.scrollWidth")
    assert width == page.viewport_size["width"]  # type: ignore[index]


@pytest.mark.parametrize("width", [360, 1280])
async def test_every_name_is_text_on_every_view(
    browser: Browser, server: Server, hostile: dict[str, int], connection: Any, width: int
) -> None:
    subject = await connection.fetchval("select id from subjects")
    async with await browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = await signed_in(context, server)
        for address in (
            "/",
            "/sections",
            f"/sections/{hostile['odd']}",
            "/subjects",
            f"/subjects/{subject}",
            f"/students?section_id={hostile['odd']}",
        ):
            await page.goto(server.url + address)
            await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=5_000)
            await is_inert(page)
        for name in HOSTILE.values():
            link = page.locator('[data-list="roster"]').get_by_role("link", name=name, exact=True)
            await expect(link).to_be_visible()
        await connection.execute("update grades set score = score + 1, remarks = '</script>'")
        await page.goto(server.url)
        await expect(page.locator("#feed li").first).to_be_visible()
        await is_inert(page)


async def test_unknown_is_a_dash_and_more_than_everything_is_more_than_everything(
    browser: Browser, server: Server, hostile: dict[str, int]
) -> None:
    async with await browser.new_context() as context:
        page = await signed_in(context, server)
        await page.goto(f"{server.url}/sections/{hostile['all']}?q=E1001")
        row = page.locator('[data-list="roster"] tr')
        await expect(row.locator('[data-field="average_score"]')).to_have_text("–")
        await expect(row.locator('[data-field="letter"]')).to_have_text("–")
        await page.goto(f"{server.url}/sections/{hostile['all']}?q=E1002")
        await expect(row.locator('[data-field="average_score"]')).to_have_text("150.00%")
        await expect(row.locator('[data-field="letter"]')).to_have_text("A+")


async def test_a_section_of_nobody_says_what_to_expect(
    browser: Browser, server: Server, hostile: dict[str, int]
) -> None:
    async with await browser.new_context() as context:
        page = await signed_in(context, server)
        await page.goto(f"{server.url}/sections/{hostile['none']}")
        tiles = page.locator(".tiles")
        await expect(tiles.locator('[data-field="total_students"]')).to_have_text("0")
        for field in ("average_score", "pass_rate", "attendance_average"):
            await expect(tiles.locator(f'[data-field="{field}"]')).to_have_text("–")
        for words in ("No students yet.", "No exam yet.", "Nothing recorded yet."):
            await expect(page.get_by_text(words)).to_be_visible()


async def test_a_section_of_two_thousand_is_shown_in_parts_and_searched_at_once(
    browser: Browser, server: Server, hostile: dict[str, int], connection: Any
) -> None:
    async with await browser.new_context() as context:
        page = await signed_in(context, server)
        await page.goto(f"{server.url}/sections/{hostile['all']}?sort=roll_number")
        rows = page.locator('[data-list="roster"] tr')
        await expect(rows).to_have_count(100)
        await expect(page.locator("#roster-count")).to_contain_text("2,000")
        await page.get_by_role("link", name="Show more").click()
        await expect(rows).to_have_count(200)
        await page.get_by_label("Search").fill("Student 2999")
        await expect(rows).to_have_count(1)
        await connection.execute("update grades set score = 77.77 where student_id = 2999")
        await expect(rows.locator('[data-field="average_score"]')).to_have_text("77.77%")


async def test_files_hold_the_same_and_no_formula(
    browser: Browser, server: Server, hostile: dict[str, int]
) -> None:
    async with await browser.new_context() as context:
        await signed_in(context, server)
        address = f"{server.url}{REPORT}?report=section&section_id={hostile['odd']}"
        table = await (await context.request.get(f"{address}&format=csv")).text()
        rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))
        cells = [cell for row in rows for cell in row.values()]
        assert "'=1+1" in cells
        assert not [cell for cell in cells if cell[:1] in ("=", "+", "@")]
        for name in set(HOSTILE.values()) - {"=1+1"}:
            assert name in cells
        assert SECTION in cells
        printed = await context.request.get(f"{address}&format=pdf")
        assert printed.headers["content-type"] == "application/pdf"
        text = " ".join(
            page.extract_text() for page in PdfReader(io.BytesIO(await printed.body())).pages
        )
        assert "=1+1" in text
        assert "O'Brien</script><img" in text.replace("\n", "")
        assert "Zoë" in text
        whole = f"{server.url}{REPORT}?report=section&section_id={hostile['all']}&format=csv"
        everybody = await (await context.request.get(whole)).text()
        by_number = {
            row["student_number"]: row
            for row in csv.DictReader(io.StringIO(everybody.removeprefix("\ufeff")))
        }
        assert len(by_number) == 2000
        assert by_number["E1001"]["average_score"] == ""
        assert by_number["E1002"]["average_score"] == "150.00"
