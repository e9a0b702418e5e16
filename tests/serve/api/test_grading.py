"""The scheme of a subject, what a change of it would do, and the change."""

import asyncio
from typing import Any

import pytest

from serve.conftest import API, Client
from serve.gradebook import keep_gradebook, settle

SCHEME = "/grading?section_id=1&subject_id=1"
DROP = {"categories": [{"category_id": 1, "drop_lowest": 1}]}


async def sent(client: Client, method: str, path: str, body: Any, educator: int = 1) -> Any:
    return await client.http.request(
        method, API + path, json=body, headers=client.as_(educator, "educator")
    )


async def preview(client: Client, body: Any, educator: int = 1) -> Any:
    return await sent(client, "POST", "/grading/preview", body, educator)


async def put(client: Client, body: Any, educator: int = 1) -> Any:
    return await sent(client, "PUT", "/grading", body, educator)


async def maths(client: Client, student: int = 1) -> Any:
    found = await client.read(f"/student/{student}")
    return next(s for s in found["subject_grades"] if (s["section_id"], s["subject_id"]) == (1, 1))


async def test_a_preview_writes_nothing_and_is_what_saving_does(client: Client, tool: Any) -> None:
    await keep_gradebook(tool)
    before = await maths(client)
    response = await preview(client, DROP)
    assert response.status_code == 200, response.text
    foreseen = response.json()
    # eleven were graded, and the twelfth has no grade at all
    assert foreseen["of"] == 11
    assert foreseen["averages_changed"] == 1
    (moved,) = foreseen["items"]
    assert (moved["student_id"], moved["section_id"], moved["subject_id"]) == (1, 1, 1)
    assert moved["student_name"] == "Student 001"
    assert moved["before"]["average"] == before["percentage"]
    await settle(tool)
    assert await maths(client) == before
    assert await tool.fetchval("select drop_lowest from grade_categories where id = 1") == 0

    response = await put(client, DROP)
    assert response.status_code == 200, response.text
    assert response.json() == foreseen
    await settle(tool)
    after = await maths(client)
    assert after["percentage"] == moved["after"]["average"]
    assert after["grade_letter"] == moved["after"]["letter"]
    assert [grade["id"] for grade in after["grades"] if grade["why_not"] == "dropped"] == [1003]


async def test_an_item_that_no_longer_counts(client: Client, tool: Any) -> None:
    await keep_gradebook(tool)
    foreseen = (await preview(client, {"items": [{"exam_id": 101, "counts": False}]})).json()
    assert foreseen["averages_changed"] == 2
    assert {item["student_id"] for item in foreseen["items"]} == {1, 2}


async def test_a_pass_mark_moves_letters_and_passes_only(client: Client, tool: Any) -> None:
    await keep_gradebook(tool)
    body = {"policy": {"section_id": 1, "subject_id": 1, "pass_mark": 30}}
    foreseen = (await preview(client, body, 3)).json()
    assert (foreseen["averages_changed"], foreseen["letters_changed"]) == (0, 0)
    assert foreseen["passes_changed"] > 0
    assert (await put(client, body, 3)).json() == foreseen
    await settle(tool)
    row = await tool.fetchrow(
        "select pass_mark, letter_scale from grading_policies where section_id = 1"
    )
    # the scale is that which held before
    assert row["pass_mark"] == 30
    assert '"A+": 95' in row["letter_scale"]
    everywhere = (await preview(client, {"policy": {"pass_mark": 0}}, 3)).json()
    assert everywhere["of"] > foreseen["of"]


async def test_the_scheme_says_what_is_theirs_to_change(client: Client, tool: Any) -> None:
    await keep_gradebook(tool)
    scheme = await client.read(SCHEME)
    assert [(c["name"], c["is_yours"]) for c in scheme["categories"]] == [
        ("Everywhere", False),
        ("Exams", True),
        ("Quizzes", True),
    ]
    assert scheme["policy_is_yours"] is False
    assert scheme["policy"]["letter_scale"][0] == {"letter": "A+", "min": 95}
    assert len(scheme["items"]) == 5
    assert (await client.read(SCHEME, 3))["policy_is_yours"] is True
    assert (await client.get(SCHEME, 2)).status_code == 404
    assert (await client.get("/grading?section_id=1&subject_id=3")).status_code == 404


@pytest.mark.parametrize(
    ("body", "educator"),
    [
        # a school's category, another's section, another's item, a policy: not an educator's
        ({"categories": [{"category_id": 3, "weight": 10}]}, 1),
        ({"categories": [{"category_id": 1, "weight": 10}]}, 2),
        ({"categories": [{"category_id": 99, "weight": 10}]}, 4),
        ({"categories": [{"name": "New", "section_id": 2}]}, 1),
        ({"categories": [{"name": "New"}]}, 1),
        ({"items": [{"exam_id": 4, "counts": False}]}, 1),
        ({"items": [{"exam_id": 101, "counts": False}, {"exam_id": 4, "counts": False}]}, 1),
        ({"policy": {"pass_mark": 1}}, 1),
        ({"policy": {"section_id": 1, "pass_mark": 1}}, 1),
        ({"policy": {"school_id": 2, "pass_mark": 1}}, 3),
        ({"policy": {"section_id": 3, "pass_mark": 1}}, 3),
    ],
)
async def test_what_is_not_theirs_is_not_there(
    client: Client, tool: Any, body: Any, educator: int
) -> None:
    await keep_gradebook(tool)
    for response in (await preview(client, body, educator), await put(client, body, educator)):
        assert response.status_code == 404, response.text
    assert await tool.fetchval("select count(*) from grading_policies") == 1
    assert await tool.fetchval("select count(*) from exams where not counts") == 0


async def test_two_at_once_and_the_second_is_told(client: Client, tool: Any) -> None:
    await keep_gradebook(tool)
    scheme = await client.read(SCHEME)
    versions = {c["category_id"]: c["version"] for c in scheme["categories"]}

    def drop(number: int) -> Any:
        return {
            "categories": [
                {"category_id": 1, "drop_lowest": number, "version": versions[1]},
            ]
        }

    answers = await asyncio.gather(put(client, drop(1)), put(client, drop(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert "Somebody else" in next(a for a in answers if a.status_code == 409).json()["detail"]
    # one who read it before may not even look at what it would have done
    assert (await preview(client, drop(3))).status_code == 409


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"categories": [{"category_id": 1, "weight": -1}]}, "weight"),
        ({"categories": [{"category_id": 1, "weight": "much"}]}, "weight"),
        ({"categories": [{"category_id": 1, "drop": 1}]}, "drop"),
        ({"categories": [{}]}, "name"),
        ({"items": [{"exam_id": 101, "category_id": 999}]}, "category"),
        ({"policy": {"letter_scale": {"A": 90}}}, "lowest letter 0"),
        ({"policy": {"letter_points": {"A": "x"}}}, "letter_points"),
        ({"polices": {}}, "polices"),
        ([], "object"),
    ],
)
async def test_a_change_that_can_not_be_is_said(
    client: Client, tool: Any, body: Any, words: str
) -> None:
    await keep_gradebook(tool)
    response = await preview(client, body, 4)
    assert response.status_code == 422, response.text
    assert words in response.json()["detail"]


async def test_new_categories_are_made_where_they_belong(client: Client, tool: Any) -> None:
    await keep_gradebook(tool)
    name = "O'Brien</script>=1+1"
    body = {"categories": [{"name": name, "section_id": 1, "subject_id": 1, "weight": 30}]}
    assert (await preview(client, body)).status_code == 200
    assert await tool.fetchval("select count(*) from grade_categories") == 3
    assert (await put(client, body)).status_code == 200
    row = await tool.fetchrow("select * from grade_categories order by id desc limit 1")
    assert (row["name"], row["school_id"], row["weight"], row["drop_lowest"]) == (name, 1, 30, 0)
    assert (await put(client, {"categories": [{"name": "All"}]}, 3)).status_code == 200
    assert await tool.fetchval("select school_id from grade_categories where name = 'All'") == 1
