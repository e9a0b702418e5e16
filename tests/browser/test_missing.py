"""What a figure does not know stands under it, live; what is missing is led to."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, Route, expect
from processes import Server

from .conftest import HOSTILE
from .test_overview import folded_in
from .test_views import A_MOMENT, SOON, live, student_named

pytestmark = pytest.mark.browser


async def test_coverage_follows_events_without_a_request(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await connection.execute(
        "update exams set due_on = current_date - 1;"
        " delete from grades where student_id ="
        " (select id from students where first_name = '=1+1');"
        " insert into school_days (school_id, date)"
        " select id, current_date - n from schools, generate_series(0, 1) as n"
    )
    await folded_in(connection)
    student = await student_named(connection, HOSTILE["formula"])
    page = await live(context, server, f"/sections/{school}")
    line = page.locator(".covered")
    await expect(line).to_have_text("0 of 1 due item marked, 2 registers missing")

    async def refuse(route: Route) -> None:
        await route.abort()

    # what comes now comes by the stream alone
    await page.route(f"**/sections/{school}", refuse)
    await connection.execute(
        "insert into grades (student_id, exam_id, score) select $1, id, 70 from exams", student
    )
    await expect(line).to_have_text("1 of 1 due item marked, 2 registers missing", timeout=SOON)
    await connection.execute(
        "insert into attendance (student_id, section_id, date, status)"
        " values ($1, $2, current_date, 'present')",
        *(student, school),
    )
    await expect(line).to_have_text("1 of 1 due item marked, 1 register missing", timeout=SOON)


async def test_what_is_missing_is_a_link_away_and_goes_when_it_is_done(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await connection.execute(
        "update exams set due_on = current_date - 1;"
        " delete from grades where student_id ="
        " (select id from students where first_name = '=1+1');"
        " insert into school_days (school_id, date) select id, current_date from schools"
    )
    await folded_in(connection)
    student = await student_named(connection, HOSTILE["formula"])
    errors: list[str] = []
    page = await live(context, server, "/", errors=errors)
    await page.get_by_role("link", name="Registers and marks that are missing").click()
    await expect(page).to_have_url(f"{server.url}/missing")
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=A_MOMENT)
    items, registers = (
        page.locator(f'[data-list="{name}"] tr') for name in ("unmarked", "registers")
    )
    await expect(items).to_have_count(1)
    await expect(items).to_contain_text("1 of 5")
    await expect(registers).to_have_count(1)
    await expect(registers).to_contain_text("Dana Whitfield")
    await connection.execute(
        "insert into grades (student_id, exam_id, score) select $1, id, 70 from exams", student
    )
    await connection.execute(
        "insert into attendance (student_id, date, status) values ($1, current_date, 'late')",
        student,
    )
    await expect(items).to_have_count(0, timeout=A_MOMENT)
    await expect(registers).to_have_count(0, timeout=A_MOMENT)
    await expect(page.get_by_text("Every item that is due is marked.")).to_be_visible()
    assert errors == []
    await page.get_by_label("Day").fill("2025-10-20")
    await expect(page).to_have_url(f"{server.url}/missing?date=2025-10-20")
    await expect(registers).to_have_count(0)
