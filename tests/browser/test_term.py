"""An open page at the midnight that turns a term over."""

from typing import Any

import pytest
from clocks import zone_where_midnight_is_in
from playwright.async_api import BrowserContext, expect
from processes import Server

from .test_overview import figure, folded_in
from .test_views import live

pytestmark = [pytest.mark.browser, pytest.mark.reliability("terms that turn over")]
MIDNIGHT_IN = 25
TURN = (MIDNIGHT_IN + 10) * 1_000
TERMS = """
update schools set time_zone = '{zone}';
insert into terms (id, school_id, name, starts_on, ends_on)
select 101, school.id, 'First', today - 30, today
from schools as school, timezone('{zone}', now()) as clock, date(clock) as today
union all
select 102, school.id, 'Second', today + 1, today + 30
from schools as school, timezone('{zone}', now()) as clock, date(clock) as today;
update sections set term_id = 101;
insert into sections (id, school_id, name, term_id)
select 900, school.id, 'Class 11-A', 102 from schools as school;
insert into section_educators select 900, educator.id from educators as educator;
insert into enrollments (student_id, section_id) select min(id), 900 from students;
"""


async def test_midnight_brings_the_new_terms_overview_to_an_open_page(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    await connection.execute(TERMS.format(zone=zone_where_midnight_is_in(MIDNIGHT_IN)))
    await folded_in(connection)
    page = await live(context, server, "/")
    await expect(figure(page, "total_students")).to_have_text("5")
    await expect(page.locator('[data-list="sections"] tr')).to_contain_text(["Class 10-A"])
    await expect(figure(page, "total_students")).to_have_text("1", timeout=TURN)
    await expect(page.locator('[data-list="sections"] tr')).to_contain_text(["Class 11-A"])
    await expect(page.locator("#indicator")).to_contain_text("Live Data")
