"""A page says that figures can't be updated for as long as they can't, without a reload."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect
from processes import Server

from .test_overview import folded_in
from .test_views import live

pytestmark = [pytest.mark.browser, pytest.mark.reliability("one row that can't be handled")]
A_MOMENT = 10_000
#: the school's own trigger: somebody's mistake
REFUSING = """
create function refuse() returns trigger language plpgsql as $$
begin
    raise exception 'not this one';
end $$;
create trigger refuse before insert or update on student_performance_summaries
for each row execute function refuse();
"""
CHANGE = "update grades set score = 90 where id = (select min(id) from grades)"


@pytest.mark.parametrize("view", ["/", "/sections/{school}"])
async def test_the_notice_comes_when_a_section_is_set_aside_and_goes_when_it_is_restored(
    context: BrowserContext, server: Server, connection: Any, school: int, view: str
) -> None:
    await folded_in(connection)
    page = await live(context, server, view.format(school=school))
    await page.evaluate("() => { window.loaded = 'once'; }")
    notice = page.get_by_text("can't be updated at the moment")
    await expect(notice).to_have_count(0)
    await connection.execute(REFUSING)
    await connection.execute(CHANGE)
    await expect(notice).to_be_visible(timeout=A_MOMENT)
    await expect(notice).to_have_attribute("role", "status")
    await connection.execute("drop trigger refuse on student_performance_summaries")
    await expect(notice).to_have_count(0, timeout=2 * A_MOMENT)
    assert await page.evaluate("() => window.loaded") == "once"
    told = await connection.fetch(
        "select payload::jsonb ->> 'reason' as reason from classpulse.events"
        " where type = 'figures_changed' order by position"
    )
    reasons = [row["reason"] for row in told]
    assert reasons.index("set_aside") < reasons.index("restored")
