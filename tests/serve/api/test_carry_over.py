"""Grades that follow a student into the section of today, where the policy says so."""

from typing import Any

import pytest

from classpulse import prove
from serve.conftest import API, Client
from serve.gradebook import keep_gradebook, settle

CARRYING = {"section_id": 2, "subject_id": 1, "carry_over": True}
# In 10-A student 2 has 9 of 10 (a quiz, 20 %), 40 of 100 (an exam, 50 %) and a missing exam; in
# 10-B 80 of 100 in a category of the same name as that of the quiz, up to case and blanks.
MOVED = """
insert into grade_categories (id, school_id, section_id, subject_id, name, weight)
values (10, 1, 2, 1, ' quizzes', 30);
update exams set category_id = 10 where id = 4;
insert into enrollments (student_id, section_id) values (2, 2);
insert into grades (student_id, exam_id, score) values (2, 4, 80);
delete from enrollments where student_id = 2 and section_id = 1;
"""


@pytest.fixture
async def moved(client: Client, tool: Any) -> None:
    await keep_gradebook(tool)
    await tool.execute(MOVED)
    await settle(tool)


async def maths(client: Client) -> Any:
    """Of student 2, as Bob sees it, who teaches 10-B alone."""
    student = await client.read("/student/2", 2)
    (found,) = student["subject_grades"]
    assert found["section_id"] == 2
    return found


async def send(client: Client, method: str, path: str, body: Any, educator: int = 3) -> Any:
    headers = client.as_(educator, {3: "principal"}.get(educator, "educator"))
    return await client.http.request(method, API + path, json=body, headers=headers)


@pytest.mark.usefixtures("moved")
async def test_grades_follow_a_student_where_the_policy_says_so(client: Client, tool: Any) -> None:
    plain = await maths(client)
    assert (plain["percentage"], plain["carried"]) == (80, [])
    (earlier,) = (await client.read("/student/2", 2))["earlier"]
    assert (earlier["section_name"], earlier["counts"]) == ("10-A", False)

    foreseen = await send(client, "POST", "/grading/preview", {"policy": CARRYING})
    assert foreseen.status_code == 200, foreseen.text
    (change,) = foreseen.json()["items"]
    assert (change["student_id"], change["before"]["average"]) == (2, 80)
    assert await tool.fetchval("select count(*) from grading_policies where section_id = 2") == 0
    assert (await send(client, "PUT", "/grading", {"policy": CARRYING})).json() == foreseen.json()
    await settle(tool)

    # 9 of 10 and 80 of 100 are 89 of 110; the exam is in no category of 10-B
    found = await maths(client)
    assert (found["percentage"], change["after"]["average"]) == (80.91, 80.91)
    assert found["carried"] == [{"section_id": 1, "section_name": "10-A", "grades": 2}]
    assert (found["graded_count"], found["missing_count"], found["uncounted_count"]) == (3, 1, 1)
    came = {row["id"]: (row["carried_from"], row["why_not"]) for row in found["grades"]}
    assert came[1004] == ({"section_id": 1, "section_name": "10-A"}, None)
    assert sorted(why for place, why in came.values() if place and why) == [
        "missing",
        "no weighted category",
    ]
    (earlier,) = (await client.read("/student/2", 2))["earlier"]
    assert earlier["counts"] is True
    proof = await client.get("/student/2/proof?section_id=2&subject_id=1", 2)
    assert prove.differences(prove.read(proof.text)) == []
    assert float(prove.read(proof.text)["result"]["average"]) == found["percentage"]
    assert (await client.read("/grading?section_id=2&subject_id=1", 2))["policy"]["carry_over"]
    card = await client.http.get("/students/2/card", headers=client.as_(2))
    assert "with 2 grades from 10-A" in card.text
    assert "its grades count in the section of today" in card.text


@pytest.mark.usefixtures("moved")
@pytest.mark.parametrize(
    ("change", "average", "grades"),
    [
        ("update grades set score = 10 where id = 1004", 81.82, 2),
        # 50 of 50 in a quiz of 10-A: 139 of 160
        ("update exams set category_id = 1 where id = 2;"
         " update grades set score = 50, status = 'graded' where exam_id = 2 and student_id = 2",
         86.88, 3),
        ("update exams set counts = false where id = 101", 80, 1),
        # 10-B has an exam's category then: (30 × 89/110 + 70 × 40/100) ÷ 100
        ("insert into grade_categories (school_id, section_id, name, weight)"
         " values (1, 2, 'EXAMS', 70)", 52.27, 2),
        ("update grade_categories set name = 'Tests' where id = 10", 80, 2),
        ("delete from grades where exam_id = 4 and student_id = 2", 90, 2),
        ("update sections set term_id = 2 where id = 1", 80, 0),
        ("update terms set starts_on = current_date + 1, ends_on = current_date + 9 where id = 1;"
         "update sections set term_id = null where id = 1", 80.91, 2),
        ("insert into enrollments (student_id, section_id) values (2, 1)", 80, 0),
        ("update grading_policies set carry_over = false where section_id = 2", 80, 0),
        ("delete from grading_policies where section_id = 2", 80, 0),
        ("update grading_policies set subject_id = 2 where section_id = 2", 80, 0),
        ("insert into grading_policies (school_id, carry_over) values (1, true);"
         "update grading_policies set subject_id = 2 where section_id = 2", 80.91, 2),
    ],
)  # fmt: skip
async def test_whatever_decides_what_is_carried_moves_the_figure(
    client: Client, tool: Any, change: str, average: float, grades: int
) -> None:
    await send(client, "PUT", "/grading", {"policy": CARRYING})
    await settle(tool)
    assert (await maths(client))["percentage"] == 80.91
    await tool.execute(change)
    await settle(tool)
    found = next(
        row
        for row in (await client.read("/student/2", 3))["subject_grades"]
        if row["section_id"] == 2
    )
    assert (found["percentage"], sum(one["grades"] for one in found["carried"])) == (
        average,
        grades,
    )


@pytest.mark.usefixtures("moved")
async def test_one_who_has_no_grade_there_yet_has_an_average(client: Client, tool: Any) -> None:
    await tool.execute("delete from grades where exam_id = 4 and student_id = 2")
    await send(client, "PUT", "/grading", {"policy": CARRYING})
    await settle(tool)
    found = await maths(client)
    assert (found["percentage"], found["graded_count"]) == (90, 2)
    section = await client.read("/section/2", 2)
    assert {one["subject_id"] for one in section["subject_averages"]} == {1}


async def test_an_educator_can_not_carry_anything_over(client: Client) -> None:
    assert (await send(client, "PUT", "/grading", {"policy": CARRYING}, 2)).status_code == 404
