"""An open card whose fetch is late or fails."""

import re
from typing import Any

import anyio
import pytest
from playwright.async_api import BrowserContext, Route, expect
from processes import Server

from .test_card import A_MOMENT, card, folded_in, opened

pytestmark = pytest.mark.browser
CARD = re.compile(r"/students/\d+/card$")


async def test_a_late_answer_does_not_set_a_card_back(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    student = await connection.fetchval("select id from students where first_name = '=1+1'")
    page = await opened(context, server, f"/students?student={student}")
    figure = card(page).locator('.card-figures [data-field="average_score"]')
    asked, answer = anyio.Event(), anyio.Event()

    async def later(route: Route) -> None:
        response = await route.fetch()
        asked.set()
        await answer.wait()
        await route.fulfill(response=response)

    await page.route(CARD, later, times=1)
    await connection.execute("update grades set score = 61 where student_id = $1", student)
    with anyio.fail_after(5):
        await asked.wait()
    await connection.execute("update grades set score = 62 where student_id = $1", student)
    await expect(figure).to_have_text("62.00%", timeout=A_MOMENT)
    await page.evaluate(
        """() => {
          window.shown = [];
          const figure = document.querySelector('.card-figures [data-field="average_score"]');
          const look = () => {
            window.shown.push(figure.textContent);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    answer.set()
    await expect(card(page).locator(".changes")).to_contain_text("61 of 100")
    shown = await page.evaluate("window.shown")
    # between the answer and what came meanwhile there is no more than a frame
    assert [value for value in shown if value != "62.00%"][1:] == []


async def test_a_card_that_failed_is_tried_again_by_itself(
    context: BrowserContext, server: Server, connection: Any
) -> None:
    await folded_in(connection)
    page = await opened(context, server, "/students")
    await page.clock.install()
    await page.route(CARD, lambda route: route.fulfill(status=503, body=""), times=1)
    await page.locator("#page").get_by_role("link", name="=1+1", exact=True).click()
    await expect(card(page)).to_contain_text("Couldn’t refresh this card")
    await page.clock.fast_forward(10_500)
    await expect(card(page).locator(".mark")).to_have_count(1)
    await expect(card(page)).not_to_contain_text("Couldn’t refresh this card")


@pytest.mark.parametrize("state", ["stale", "ended"])
async def test_a_card_of_a_page_that_is_not_live_says_so(
    context: BrowserContext, server: Server, connection: Any, state: str
) -> None:
    await folded_in(connection)
    student = await connection.fetchval("select min(id) from students")
    page = await opened(context, server, f"/students?student={student}")
    said = "getComputedStyle(document.querySelector('.card-who'), '::before').content"
    assert await page.evaluate(said) == "none"
    await page.evaluate("(state) => { document.body.dataset.link = state }", state)
    assert "out of date" in await page.evaluate(said)
