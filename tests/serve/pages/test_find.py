"""Finding by name from any page: what is found, in which order, and what odd words do."""

import re
from html import unescape
from typing import Any

import pytest

from serve.conftest import Client, serving
from serve.pages.test_views import page_of


def names(page: str, kind: str) -> list[str]:
    part = re.search(rf">{kind}</h2>\s*<ul>(.*?)</ul>", page, re.S)
    return [unescape(name) for name in re.findall(r"<bdi>(.*?)</bdi>", part[1])] if part else []


async def test_a_student_is_found_by_words_in_any_order_or_by_number(reader: Client) -> None:
    for words in ("Student 003", "003 stud", "n3"):
        page = await page_of(reader, f"/find/found?q={words}")
        assert names(page, "Students")[:3] == ["Student 003", "N3", "10-A"], words
        assert 'href="/students?student=3" data-student="3"' in page


async def test_a_student_of_two_sections_is_one_find(reader: Client) -> None:
    page = await page_of(reader, "/find/found?q=Student 001", educator_id=3)
    assert names(page, "Students") == ["Student 001", "N1", "10-A, 10-B"]


async def test_sections_subjects_and_exams_lead_to_their_views(reader: Client) -> None:
    page = await page_of(reader, "/find/found?q=10")
    assert names(page, "Sections")[0] == "10-A"
    assert 'href="/sections/1"' in page
    page = await page_of(reader, "/find/found?q=math")
    assert names(page, "Subjects") == ["Mathematics"]
    assert 'href="/subjects/1"' in page
    page = await page_of(reader, "/find/found?q=geometry")
    assert names(page, "Exams") == ["Geometry", "Mathematics", "10-A"]
    assert 'href="/exams/2"' in page


async def test_another_term_is_looked_through_where_it_was_chosen(reader: Client) -> None:
    assert names(await page_of(reader, "/find/found?q=old"), "Exams") == []
    page = await page_of(reader, "/find/found?q=old&term=2")
    assert names(page, "Exams")[0] == "Old"
    assert 'href="/exams/6?term=2"' in page


@pytest.mark.parametrize("q", ["", " ", "%", "_", "\\", "'", "zzzz", "<script>", "=1+1"])
async def test_words_that_name_nothing_find_nothing(reader: Client, q: str) -> None:
    for address in ("/find/found", "/find"):
        answer = await reader.http.get(address, params={"q": q}, headers=reader.as_(1))
        assert answer.status_code == 200
        assert "data-student=" not in answer.text
        assert "<script>" not in answer.text
        assert ("Nothing of that name" in answer.text) == bool(q.strip())


async def test_the_page_works_without_a_script(reader: Client) -> None:
    page = await page_of(reader, "/find?q=geometry")
    assert "<h1>Find</h1>" in page
    assert names(page, "Exams")[0] == "Geometry"
    assert 'value="geometry"' in page


async def test_a_name_that_is_markup_is_text(tool: Any, school_url: str) -> None:
    await tool.execute("update students set first_name = '<b>Tags' where id = 2")
    async with serving(school_url) as client:
        await tool.execute("call performance_wait(timeout => '20 s')")
        page = await page_of(client, "/find/found?q=tags")
    assert names(page, "Students")[0] == "<b>Tags 002"
    assert "<b>" not in page
