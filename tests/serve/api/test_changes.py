"""What changed since an educator last looked: old → new, the mark, and what can't be listed."""

import asyncio
from typing import Any

import pytest

from classpulse.serve.api import changes
from serve.conftest import API, Client
from serve.gradebook import settle


async def now(client: Client, educator: int = 1) -> str:
    # a database that was cloned has an epoch of its own, once somebody leads
    while not (await client.http.get("/readyz")).json()["live"]:
        await asyncio.sleep(0.05)
    as_of: str = (await client.read("/overview", educator))["as_of"]
    return as_of


async def mark(client: Client, body: Any, educator: int = 1) -> Any:
    return await client.http.request(
        "PUT", API + "/changes/mark", json=body, headers=client.as_(educator)
    )


async def since(client: Client, id_: str, educator: int = 1, **query: Any) -> Any:
    return await client.read("/changes", educator, since=id_, **query)


def places(found: Any) -> list[Any]:
    return [(item["student_id"], item["section_id"], item["changes"]) for item in found["items"]]


async def test_the_first_old_value_and_the_last_new_one(client: Client, tool: Any) -> None:
    await settle(tool)
    # told once, so that it is known what the figures were
    await tool.execute("update grades set remarks = 'seen' where student_id = 2 and exam_id = 1")
    await settle(tool)
    start = await now(client)
    for score in (41, 50, 90):
        await tool.execute(
            "update grades set score = $1 where student_id = 2 and exam_id = 1", score
        )
        await settle(tool)
    await tool.execute(
        "update grades set status = 'graded', score = 10 where student_id = 2 and exam_id = 2;"
        "delete from grades where student_id = 3 and exam_id = 1;"
        "insert into attendance (student_id, section_id, date, status)"
        " values (2, 1, '2026-02-03', 'absent');"
        "update attendance set status = 'late' where date = '2026-02-03'"
    )
    await settle(tool)
    found = await since(client, start)
    assert places(found) == [(2, 1, 6), (3, 1, 1)]
    assert (found["total"], found["next"], found["gap"], found["mark"]) == (2, None, None, None)
    item, other = found["items"]
    assert (item["student_name"], item["section_name"]) == ("Student 002", "10-A")
    algebra, geometry = item["grades"]
    assert (algebra["exam_name"], algebra["changes"]) == ("Algebra", 3)
    assert algebra["old"] == {"status": "graded", "score": 40}
    assert algebra["new"] == {"status": "graded", "score": 90, "percentage": 90, "letter": "A"}
    assert (geometry["old"], geometry["new"]["score"]) == ({"status": "missing", "score": None}, 10)
    (day,) = item["attendance"]
    assert (day["date"], day["old"], day["new"], day["changes"]) == (
        "2026-02-03",
        None,
        "late",
        2,
    )
    # 40 of 100; then 100 of 150; absent on 3 of 12, then of 13
    assert item["figures"]["old"]["average"] == 40
    assert item["figures"]["new"]["average"] == 66.67
    assert item["figures"]["old"]["attendance_percentage"] == 75
    assert item["figures"]["new"]["attendance_percentage"] == 76.92
    assert item["figures"]["new"]["missing_count"] == 0
    assert (other["grades"][0]["old"]["score"], other["grades"][0]["new"]) == (45, None)
    # whose figures nobody told before, nobody knows
    assert other["figures"]["old"] is None
    assert (await since(client, found["through"]))["items"] == []


async def test_bulk_and_policies_appear_as_what_they_are(client: Client, tool: Any) -> None:
    await settle(tool)
    start = await now(client)
    await tool.execute(
        "insert into attendance (student_id, section_id, date, status)"
        " select n, 1, date '2020-01-01' + day, 'present'"
        " from generate_series(1, 12) as n, generate_series(1, 60) as day"
    )
    await settle(tool)
    await tool.execute("update grading_policies set pass_mark = 50")
    await settle(tool)
    await tool.execute("insert into supports (student_id, kind) values (2, 'talk')")
    await settle(tool)
    found = await since(client, start)
    everywhere = [item for item in found["items"] if item["section_id"] is None]
    (section,) = [item for item in found["items"] if item["section_id"] == 1]
    assert section["student_id"] is None
    assert section["bulk"] == [{"table": "attendance", "rows": 720, "changes": 1}]
    reasons = {
        one["reason"]: one["section_ids"]
        for item in (*everywhere, section)
        for one in item["refetch"]
    }
    assert reasons == {"policy": [1, 4], "support": [1]}


async def test_each_sees_their_own_sections_alone(client: Client, tool: Any) -> None:
    await settle(tool)
    start = await now(client)
    await tool.execute("update grades set score = score - 1 where score is not null")
    await tool.execute("update enrollments set section_id = 2 where student_id = 12")
    await settle(tool)
    found = {who: places(await since(client, start, who)) for who in (1, 2, 3, 4, 6, 7)}
    assert {place[1] for place in found[1]} == {1, 4}
    assert {place[1] for place in found[2]} == {2}
    assert {place[1] for place in found[6]} == {3}
    assert found[7] == []
    assert sorted(found[3]) == sorted([*found[1], *found[2]])
    assert sorted(found[4]) == sorted([*found[3], *found[6]])
    moved = {
        item["section_id"]: item["roster"]
        for item in (await since(client, start, 3))["items"]
        if item["student_id"] == 12
    }
    assert moved == {1: ["left"], 2: ["joined"]}


async def test_the_mark_moves_forward_and_back_only_when_asked(client: Client, tool: Any) -> None:
    await settle(tool)
    first = await now(client)
    await tool.execute("update grades set score = 99 where student_id = 2 and exam_id = 1")
    await settle(tool)
    second = await now(client)
    assert (await mark(client, {"id": second})).json()["mark"]["id"] == second
    found = await client.read("/changes")
    assert (found["items"], found["since"], found["mark"]["id"]) == ([], second, second)
    assert (await mark(client, {"id": first})).json()["mark"]["id"] == second
    assert (await mark(client, {"id": first, "back": True})).json()["mark"]["id"] == first
    assert places(await client.read("/changes")) == [(2, 1, 1)]
    # everybody has their own
    assert (await client.read("/changes", 2))["mark"] is None
    answers = await asyncio.gather(*(mark(client, {"id": one}) for one in (first, second) * 4))
    assert {answer.status_code for answer in answers} == {200}
    assert (await client.read("/changes"))["mark"]["id"] == second


async def test_a_new_educator_with_an_old_number_has_no_mark(client: Client, tool: Any) -> None:
    await settle(tool)
    await mark(client, {"id": await now(client, 7)}, 7)
    await tool.execute(
        "delete from educators where id = 7; insert into educators (id, school_id, email,"
        " full_name) values (7, 1, 'other@north.school', 'Other')"
    )
    await settle(tool)
    assert await tool.fetchval("select count(*) from classpulse.marks") == 0
    assert (await client.read("/changes", 7))["mark"] is None


async def test_what_is_not_kept_any_more_is_said(client: Client, tool: Any) -> None:
    await settle(tool)
    start = await now(client)
    await mark(client, {"id": start})
    await tool.execute("update grades set score = 99 where student_id = 2 and exam_id = 1")
    await settle(tool)
    epoch, _, position = start.partition("-")
    await tool.execute("update classpulse.state set kept_from = $1; ", int(position) + 2)
    found = await client.read("/changes")
    assert (found["gap"]["reason"], found["mark"]["id"]) == ("expired", start)
    assert found["gap"]["detail"].startswith("What happened before this is no longer kept")
    assert (await since(client, "0"))["gap"] is None
    for other, reason in ((f"abc-{position}", "epoch"), (f"{epoch}-{10**15}", "ahead")):
        assert (await since(client, other))["gap"]["reason"] == reason


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("limit", [1, 5, 500])
async def test_pages_list_everything_once_and_say_up_to_where(
    client: Client, tool: Any, monkeypatch: Any, few: bool, limit: int
) -> None:
    await settle(tool)
    start = await now(client, 3)
    for _ in range(3):
        await tool.execute("update grades set score = score - 1 where exam_id in (1, 4)")
        await settle(tool)
    whole = await since(client, start, 3)
    expected = sum(item["changes"] for item in whole["items"])
    assert expected == 39
    monkeypatch.setattr(changes, "MOST_EVENTS", 7)
    monkeypatch.setattr(changes, "STRETCH", 9)
    monkeypatch.setattr(changes, "is_of_few", lambda _: few)
    counted, cursor, marks = 0, None, []
    for _ in range(60):
        query = {"cursor": cursor} if cursor else {"since": start}
        page = await client.read("/changes", 3, limit=limit, **query)
        assert len(page["items"]) <= limit
        counted += sum(item["changes"] for item in page["items"])
        marks.append(int(page["through"].partition("-")[2]))
        cursor = page["next"]
        if cursor is None:
            break
    assert cursor is None
    assert counted == expected
    assert marks == sorted(marks)
    assert marks[-1] >= int(whole["through"].partition("-")[2])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("since=yesterday", "since must be the id of an event"),
        ("since=", "since must be the id of an event"),
        ("until=1", "Unknown query parameter: until."),
        ("cursor=x", "The cursor is not one of this list"),
        ("limit=0", "limit must be a whole number from 1 to 500."),
    ],
)
async def test_a_list_is_asked_strictly(reader: Client, query: str, words: str) -> None:
    response = await reader.get(f"/changes?{query}")
    assert response.status_code == 400, response.text
    assert response.json()["detail"].startswith(words)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"id": "1"}, "id must be the id of an event."),
        ({"id": "abc-1"}, "id is from before the database was restored"),
        ({"id": "EPOCH-999999999999"}, "id is of an event that is not there yet."),
        ({}, "id is missing."),
        ({"id": "EPOCH-1", "back": 1}, "back must be true or false."),
    ],
)
async def test_a_mark_that_can_not_be_is_said(client: Client, body: Any, words: str) -> None:
    epoch = (await now(client)).partition("-")[0]
    response = await mark(
        client, {k: str(v).replace("EPOCH", epoch) if k == "id" else v for k, v in body.items()}
    )
    assert response.status_code == 422, response.text
    assert response.json()["detail"].startswith(words)
