"""The page of an exam: who has what, who has nothing yet, the same work beside it."""

import re
from typing import Any

from serve.conftest import Client


async def page_of(client: Client, path: str, educator: int = 1) -> str:
    response = await client.http.get(path, headers=client.as_(educator, _ROLES[educator]))
    assert response.status_code == 200, response.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.text))


_ROLES = {1: "educator", 2: "educator", 3: "principal"}


async def test_an_exam_names_who_has_what(client: Client) -> None:
    text = await page_of(client, "/exams/1")
    assert "Algebra" in text
    assert "Graded 11 of 12 students" in text
    # 35, 40 … 85
    assert "Average 60.00%" in text
    assert "Student 011 2 85 85.00% B+ graded" in text
    assert "Student 012 1 – – not marked" in text
    assert "Not marked yet 1" in text


async def test_who_sees_the_parallel_section_sees_its_exam_beside(client: Client) -> None:
    # Bob's section has Algebra, too; 40 and 90 of 100
    of_the_head = await page_of(client, "/exams/1", 3)
    assert "10-B" in of_the_head
    assert "2 of 2 65.00%" in of_the_head
    of_ann = await page_of(client, "/exams/1")
    assert "10-B" not in of_ann
    assert "No section that you may see has an exam of this name" in of_ann


async def test_an_exam_of_others_is_no_page(client: Client) -> None:
    for path in ("/exams/4", "/exams/5", "/exams/999"):
        response = await client.http.get(path, headers=client.as_(1))
        assert response.status_code == 404


async def test_a_hostile_name_is_text(client: Client, tool: Any) -> None:
    await tool.execute("update exams set name = 'O''Brien</script><b>' where id = 1")
    await tool.execute("call performance_wait(timeout => '20 s')")
    response = await client.http.get("/exams/1", headers=client.as_(1))
    assert "O&#39;Brien&lt;/script&gt;&lt;b&gt;" in response.text


async def test_the_letter_of_a_grade_is_by_the_policy_that_holds(client: Client, tool: Any) -> None:
    await tool.execute(
        "insert into grading_policies (section_id, subject_id, letter_scale)"
        """ values (1, 1, '{"Up": 50, "Down": 0}')"""
    )
    exam = await client.read("/exam/1")
    assert exam["letters"] == ["Up", "Down"]
    letters = {row["score"]: row["letter"] for row in exam["grades"]}
    assert (letters[50], letters[45], letters[None]) == ("Up", "Down", None)


async def test_a_section_names_who_teaches_it(client: Client) -> None:
    assert "taught by Ann" in await page_of(client, "/sections/1")
