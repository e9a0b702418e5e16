"""The line of what a figure does not know, and the page of what was not done."""

from typing import Any

import pytest

from classpulse.serve.pages.display import shown
from serve.conftest import Client
from serve.gradebook import settle


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((9, 7, 20, 18, 0), "7 of 9 due items marked, 2 registers missing"),
        ((1, 0, 5, 4, 0), "0 of 1 due item marked, 1 register missing"),
        ((1234, 1000, 5, 5, 0), "1,000 of 1,234 due items marked, no register missing"),
        ((0, 0, None, 3, 0), "no items due"),
        ((0, 0, None, 3, 2), "no items due, 2 grades not counted"),
    ],
)
def test_what_a_figure_does_not_know_is_a_sentence(counts: Any, words: str) -> None:
    names = ("due_items", "marked_items", "registers_expected", "registers_taken")
    covered = dict(zip((*names, "uncounted_count"), counts, strict=True))
    # the words of the live twin: tests/js/format.test.js
    assert shown(covered, "coverage") == words
    assert shown(None, "coverage") == "–"


async def read(client: Client, path: str, educator: int) -> str:
    headers = client.as_(educator) | {"accept": "text/html"}
    response = await client.http.get(path, headers=headers)
    assert response.status_code == 200, response.text
    return response.text


async def test_every_view_says_what_its_figures_do_not_know(client: Client, tool: Any) -> None:
    await tool.execute(
        "insert into school_days (school_id, date)"
        " select 1, current_date - n from generate_series(0, 3) as n"
    )
    await settle(tool)
    assert "0 of 2 due items marked, 1 register missing" in await read(client, "/sections/1", 1)
    assert "0 of 1 due item marked, 1 register missing" in await read(client, "/subjects/1", 1)
    card = await read(client, "/students/2/card", 1)
    assert "1 of 2 due items marked, 1 register missing" in card
    overview = await read(client, "/", 1)
    assert 'href="/missing"' in overview
    assert "school days" in overview


async def test_the_page_of_what_is_missing_leads_to_it(client: Client, tool: Any) -> None:
    await tool.execute("update sections set name = 'O''Brien</script>' where id = 1")
    await tool.execute("insert into school_days (school_id, date) values (1, current_date)")
    await settle(tool)
    page = await read(client, "/missing", 3)
    assert "O&#39;Brien&lt;/script&gt;" in page
    assert 'href="/sections/1"' in page
    assert 'href="/sections/2"' in page
    for words in ("Algebra", "Rome", "1 of 12", "12 of 12", "2 items", "2 sections"):
        assert words in page, words
    # Bob has marked all of his, and his register alone is missing
    page = await read(client, "/missing", 2)
    assert "Every item that is due is marked." in page
    assert 'href="/sections/1"' not in page
    past = await read(client, "/missing?date=2020-02-02", 3)
    assert "No register is missing" in past
    assert "0 sections" in past
