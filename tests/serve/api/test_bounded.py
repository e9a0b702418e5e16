"""Answers are bounded, whatever the school: at most 100 rows of a list, and the whole in pages."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from classpulse.serve.api import merged
from classpulse.serve.snapshot import snapshot
from serve.conftest import Client, serving

# 130 further sections of one student each: 7 of them without a grade, 3 without a student
MANY = """
insert into sections (id, school_id, term_id, name)
select 100 + n, 1, 1, 'Class ' || n from generate_series(1, 130) as n;
insert into subjects (id, school_id, code, name)
select 100 + n, 1, 'X' || n, 'Extra ' || n from generate_series(1, 110) as n;
insert into students (id, school_id, first_name, last_name)
select 100 + n, 1, 'Many', to_char(n, 'FM000') from generate_series(1, 127) as n;
insert into enrollments (student_id, section_id)
select 100 + n, 100 + n from generate_series(1, 127) as n;
insert into exams (id, section_id, subject_id, name, total_marks)
select 100 + n, 100 + n, 1, 'Test', 100 from generate_series(1, 120) as n;
insert into grades (student_id, exam_id, score)
select 100 + n, 100 + n, n * 37 % 101 from generate_series(1, 120) as n;
insert into exams (id, section_id, subject_id, name, total_marks)
select 300 + n, 101, 100 + n, 'Test', 100 from generate_series(1, 110) as n;
insert into grades (student_id, exam_id, score)
select 101, 300 + n, n from generate_series(1, 105) as n;
"""
SORTS = {
    "average": "average_score",
    "pass_rate": "pass_rate",
    "attendance": "attendance_average",
    "students": "total_students",
}


@pytest.fixture(scope="session")
async def many(cluster: Any, school_template: str) -> AsyncIterator[str]:
    """A school of 132 sections and 112 subjects now, to clone."""
    name = cluster.create(school_template)
    connection = await asyncpg.connect(cluster.url_of(name))
    async with serving(cluster.url_of(name)):
        await connection.execute(MANY)
        await connection.execute("call performance_wait(timeout => '30 s')")
    await connection.close()
    yield name
    cluster.drop(name)


@pytest.fixture(scope="session")
async def large(cluster: Any, many: str) -> AsyncIterator[Client]:
    """A server of that school for tests that only read."""
    name = cluster.create(many)
    async with serving(cluster.url_of(name)) as client:
        yield client
    cluster.drop(name)


async def every_page(client: Client, path: str, educator: int = 3, **query: Any) -> list[Any]:
    """All items of a list, a page after the other."""
    items: list[Any] = []
    cursor = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = await client.read(path, educator, limit=13, **query, **more)
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            assert page["total"] == len(items)
            return items


async def test_a_small_overview_is_whole_and_by_name(reader: Client) -> None:
    overview = await reader.read("/overview", 3)
    assert overview["truncated"] is False
    assert [row["section_name"] for row in overview["sections_summary"]] == ["10-A", "10-B"]
    subject = await reader.read("/subject/1", 3)
    assert (subject["truncated"], subject["total_sections"]) == (False, 2)


async def test_a_large_overview_holds_the_hundred_lowest_averages(large: Client) -> None:
    overview = await large.read("/overview", 3)
    assert overview["truncated"] is True
    assert (overview["total_sections"], overview["total_subjects"]) == (132, 112)
    for noun, chart in (
        ("section", "sections_performance_chart"),
        ("subject", "subject_performance_chart"),
    ):
        rows = overview[f"{noun}s_summary"]
        whole = await every_page(large, f"/{noun}s")
        averages = sorted(r["average_score"] for r in whole if r["average_score"] is not None)
        assert [row["average_score"] for row in rows] == averages[:100]
        assert [bar["id"] for bar in overview[chart]] == [row[f"{noun}_id"] for row in rows]
        first = await large.read(f"/{noun}s", 3, sort="average", limit=100)
        assert [row[f"{noun}_id"] for row in first["items"]] == [row[f"{noun}_id"] for row in rows]


async def test_a_large_overview_has_the_same_performers_as_the_list(large: Client) -> None:
    overview = await large.read("/overview", 3)
    response = await large.http.post(
        "/api/v1/performance/filtered", json={}, headers=large.as_(3, "principal")
    )
    listed = response.json()
    for kind in ("top_performers", "low_performers"):
        assert overview[kind] == listed[kind]
        assert len(overview[kind]) == 5


@pytest.mark.parametrize("path", ["/sections", "/subjects", "/subject/1/sections"])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", list(SORTS))
async def test_a_list_is_sorted_with_unknown_values_last(
    large: Client, path: str, sort: str, order: str
) -> None:
    items = await every_page(large, path, sort=sort, order=order)
    noun = "subject_id" if path == "/subjects" else "section_id"
    assert len({item[noun] for item in items}) == len(items) > 100
    field = SORTS[sort]
    if field not in items[0]:  # attendance is of no subject: the section's sorts
        return
    known = [item[field] for item in items if item[field] is not None]
    assert [item[field] for item in items[: len(known)]] == known
    assert known == sorted(known, reverse=order == "desc")
    # equal ones by their id, so that no page depends on the one before
    keys = [(item[field], item[noun]) for item in items if item[field] is not None]
    for (value, one), (next_value, other) in pairwise(keys):
        assert value != next_value or one < other


@pytest.mark.parametrize("path", ["/sections", "/subjects", "/subject/1/sections"])
async def test_a_list_by_name_turns_round(large: Client, path: str) -> None:
    noun = "subject" if path == "/subjects" else "section"
    names = [item[f"{noun}_name"] for item in await every_page(large, path)]
    assert names[:2] == (["Extra 1", "Extra 10"] if noun == "subject" else ["10-A", "10-B"])
    turned = [item[f"{noun}_name"] for item in await every_page(large, path, order="desc")]
    assert turned == names[::-1]


async def test_the_newest_change_comes_first(cluster: Any, many: str) -> None:
    name = cluster.create(many)
    tool = await asyncpg.connect(cluster.url_of(name))
    async with serving(cluster.url_of(name)) as client:
        for section in (150, 120):
            await tool.execute("update grades set score = 77.5 where exam_id = $1", section)
            await tool.execute("call performance_wait(timeout => '20 s')")
        for path in ("/sections", "/subject/1/sections"):
            newest = await client.read(path, 3, sort="change", limit=2)
            assert [item["section_id"] for item in newest["items"]] == [120, 150]
            items = await every_page(client, path, sort="change", order="asc")
            known = [item["section_id"] for item in items if item["total_students"]]
            assert known[-2:] == [150, 120]
        newest = await client.read("/subjects", 3, sort="change", limit=1)
        assert newest["items"][0]["subject_id"] == 1
    await tool.close()
    cluster.drop(name)


async def test_rows_that_come_and_go_between_two_pages_shift_none(cluster: Any, many: str) -> None:
    name = cluster.create(many)
    tool = await asyncpg.connect(cluster.url_of(name))
    async with serving(cluster.url_of(name)) as client:
        before = await every_page(client, "/sections")
        first = await client.read("/sections", 3, limit=20)
        await tool.execute(
            "insert into sections (id, school_id, term_id, name) values (900, 1, 1, 'AAA');"
            "update sections set name = 'Class 0' where id = 101;"
            "delete from sections where id = 230"
        )
        await tool.execute("call performance_wait(timeout => '20 s')")
        rest: list[Any] = []
        cursor = first["next"]
        while cursor:
            page = await client.read("/sections", 3, limit=20, cursor=cursor)
            rest += page["items"]
            cursor = page["next"]
        seen = [item["section_id"] for item in first["items"] + rest]
        expected = [item["section_id"] for item in before if item["section_id"] != 230]
        assert seen == expected
    await tool.close()
    cluster.drop(name)


@pytest.mark.parametrize(
    ("path", "q", "found"),
    [
        ("/sections", "class 127", ["Class 127"]),
        ("/sections", "127 CLÁSS", ["Class 127"]),
        ("/sections", "a 10", ["10-A"]),
        ("/sections", "lass 13", ["Class 13", "Class 130"]),
        ("/sections", "%", []),
        ("/subjects", "ématics", ["Mathematics"]),
        ("/subjects", "x77 extra", ["Extra 77"]),
        ("/subject/1/sections", "10 b", ["10-B"]),
    ],
)
async def test_a_search_finds_all_words_in_any_order(
    large: Client, path: str, q: str, found: list[str]
) -> None:
    noun = "subject" if path == "/subjects" else "section"
    answer = await large.read(path, 3, q=q)
    assert [item[f"{noun}_name"] for item in answer["items"]] == found
    assert answer["total"] == len(found)
    blank = await large.read(path, 3, q="  ", limit=1)
    assert blank["total"] > 100


@pytest.mark.parametrize("path", ["/sections", "/subjects", "/subject/1/sections"])
async def test_what_a_list_does_not_take_is_named(reader: Client, path: str) -> None:
    for query in ({"sort": "rank"}, {"order": "up"}, {"q": "x" * 201}, {"limit": 501}, {"by": "x"}):
        response = await reader.get(path, 3, **query)
        assert response.status_code == 400, query
        assert response.json()["errors"][0]["parameter"] == next(iter(query))
    page = await reader.read(path, 3, limit=1, sort="average")
    if page["next"]:
        for other in ({"sort": "name"}, {"sort": "average", "order": "desc"}):
            response = await reader.get(path, 3, cursor=page["next"], **other)
            assert response.status_code == 400


async def test_a_list_of_subjects_says_nothing_of_single_sections(large: Client) -> None:
    items = (await large.read("/subjects", 3))["items"]
    assert all("sections_performance" not in item for item in items)


async def test_a_subject_holds_the_hundred_lowest_averages_of_its_sections(large: Client) -> None:
    subject = await large.read("/subject/1", 3)
    assert (subject["truncated"], subject["total_sections"]) == (True, 122)
    whole = await every_page(large, "/subject/1/sections")
    averages = sorted(row["average_score"] for row in whole if row["average_score"] is not None)
    shown = subject["sections_performance"]
    assert [row["average_score"] for row in shown] == averages[:100]
    by_id = {row["section_id"]: row for row in whole}
    assert all(row == by_id[row["section_id"]] for row in shown)


async def test_the_sections_of_a_subject_are_those_in_view(reader: Client) -> None:
    own = await reader.read("/subject/1/sections", 1)
    assert [item["section_name"] for item in own["items"]] == ["10-A"]
    former = await reader.read("/subject/1/sections", 3, term=2)
    assert [item["section_name"] for item in former["items"]] == ["9-A"]
    assert (await reader.read("/subject/4/sections", 3))["items"] == []
    for educator, subject in ((1, 3), (1, 4), (3, 3), (3, 999)):
        response = await reader.get(f"/subject/{subject}/sections", educator)
        assert response.status_code == 404


async def test_what_was_read_once_follows_every_change(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async def seen() -> tuple[Any, ...]:
        overview = await client.read("/overview", 3)
        subjects = await client.read("/subjects", 3)
        return (
            overview["overall_average"],
            overview["total_students"],
            overview["top_performers"][0]["name"],
            [row["section_name"] for row in overview["sections_summary"]],
            overview["attendance_stats"]["absent"],
            list(overview["grade_distribution"]),
            [(s["subject_name"], s["average_score"], s["no_data"]) for s in subjects["items"]],
        )

    known = await seen()
    assert await seen() == known
    for statement in (
        "update grades set score = score - 3 where exam_id = 1",
        "insert into enrollments (student_id, section_id) values (20, 1)",
        "update students set first_name = 'Renamed' where id = 1",
        "update sections set name = '10-Z' where id = 2",
        "insert into attendance (student_id, section_id, date, status)"
        " values (2, 1, current_date - 40, 'absent')",
        "update subjects set name = 'Maths' where id = 1",
        'update grading_policies set letter_scale = \'{"Yes": 50, "No": 0}\'',
        "delete from grades where exam_id = 4",
        "insert into sections (id, school_id, term_id, name) values (77, 1, 1, 'New')",
    ):
        await tool.execute(statement)
        await tool.execute("call performance_wait(timeout => '20 s')")
        now = await seen()
        assert now != known, statement
        assert await seen() == now
        known = now


async def test_what_was_read_before_a_restore_is_not_shown(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await tool.execute("update grades set score = score - 1 where exam_id = 1")
    await tool.execute("call performance_wait(timeout => '20 s')")
    before = await client.read("/overview", 3)
    # as a rolled back disk leaves it: other figures, and a log that says nothing of it
    await tool.execute(
        "update performance_cache set average_sum = average_sum + 13 where subject_id is null"
    )
    assert await client.read("/overview", 3) | {"as_of": 0, "as_of_time": 0} == before | {
        "as_of": 0,
        "as_of_time": 0,
    }
    await tool.execute("update classpulse.state set epoch = 'fedcba'")
    after = await client.read("/overview", 3)
    assert after["overall_average"] != before["overall_average"]


async def test_no_more_is_kept_than_is_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merged, "_MOST", 3)
    monkeypatch.setattr(merged, "_MOST_SECTIONS", 10)
    memory = merged._Memory()
    for number in range(5):
        memory.keep((number,), "log", merged.Kept(number))
    assert [memory.of((number,))[1].position for number in range(5)] == [-1, -1, 2, 3, 4]
    memory.keep(tuple(range(9)), "log", merged.Kept(9))
    memory.keep(tuple(range(100)), "log", merged.Kept(10))
    assert memory.of((4,))[1].position == memory.of(tuple(range(9)))[1].position == -1
    assert memory.of(tuple(range(100))) == ("log", merged.Kept(10))


async def totals_now(database: Any) -> Any:
    """In a task of its own, which has a connection of its own."""

    async def read() -> Any:
        async with snapshot(database) as reader:
            return await merged.totals(reader, [1, 2])

    return await asyncio.create_task(read())


async def test_a_snapshot_that_is_older_reads_for_itself(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    database = client.app.state.database
    await tool.execute("update grades set score = score - 1 where exam_id = 1")
    await tool.execute("call performance_wait(timeout => '20 s')")
    before = await totals_now(database)
    async with snapshot(database) as old:
        # a snapshot begins with its first statement
        assert await merged.totals(old, [1, 2]) == before
        await tool.execute("update grades set score = 100 where exam_id = 1")
        await tool.execute("call performance_wait(timeout => '20 s')")
        after = await totals_now(database)
        assert after["overall_average"] > before["overall_average"]
        assert await merged.totals(old, [1, 2]) == before
        assert await totals_now(database) == after


async def test_what_the_log_has_forgotten_is_read_again(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    database = client.app.state.database
    # a database that was copied has another log as soon as it has a leader
    await tool.execute("update grades set score = score - 1 where exam_id = 1")
    await tool.execute("call performance_wait(timeout => '20 s')")
    async with snapshot(database) as reader:
        first = (await merged.stand(reader, [1, 2])).kept
    async with snapshot(database) as reader:
        assert (await merged.stand(reader, [1, 2])).kept is first
    await tool.execute(
        "update classpulse.state set position = position + 9, kept_from = position + 9"
    )
    async with snapshot(database) as reader:
        again = (await merged.stand(reader, [1, 2])).kept
        assert again is not first
        assert again.position > first.position


async def page_of(client: Client, path: str) -> str:
    """A page as the principal gets it."""
    token = client.as_(3, "principal")["Authorization"].removeprefix("Bearer ")
    response = await client.http.get(path, headers={"Cookie": f"classpulse_token={token}"})
    assert response.status_code == 200, response.text
    return response.text


async def test_a_large_overview_says_what_is_left_out_and_leads_there(large: Client) -> None:
    page = await page_of(large, "/")
    for noun, total in (("sections", 132), ("subjects", 112)):
        (body,) = re.findall(rf'<tbody data-list="{noun}" data-truncated>(.*?)</tbody>', page, re.S)
        assert body.count("<tr data-key") == 100
        assert f'data-field="total_{noun}" data-format="whole">{total}<' in page
        assert f'<a href="/{noun}">All {noun}</a>' in page
    assert page.count("the 100 lowest averages of") == 2


async def test_a_small_overview_leaves_out_nothing(reader: Client) -> None:
    page = await page_of(reader, "/")
    assert "data-truncated" not in page
    assert "lowest averages" not in page


async def test_the_page_of_a_subject_says_what_is_left_out(large: Client) -> None:
    page = await page_of(large, "/subjects/1")
    assert '<tbody data-list="subject-sections" data-truncated>' in page
    assert "the 100 lowest averages of 122" in page


@pytest.mark.parametrize("noun", ["section", "subject"])
async def test_a_list_is_searched_sorted_and_paged_without_a_script(
    large: Client, noun: str
) -> None:
    def keys(page: str) -> list[str]:
        (body,) = re.findall(rf'<tbody data-list="all-{noun}s">(.*?)</tbody>', page, re.S)
        return re.findall(r'<tr data-key="(\d+)"', body)

    path = f"/{noun}s"
    first = await page_of(large, path)
    seen = keys(first)
    assert len(seen) == 100
    following = re.search(r'href="([^"]*cursor=[^"]*)"[^>]*>Next page', first)
    assert following
    seen += keys(await page_of(large, html.unescape(following[1])))
    whole = await every_page(large, path)
    assert seen == [str(item[f"{noun}_id"]) for item in whole]
    assert 'aria-sort="ascending"' in first
    turned = await page_of(large, f"{path}?sort=average&order=desc")
    assert 'aria-sort="descending"' in turned
    listed = await large.read(path, 3, sort="average", order="desc", limit=100)
    assert keys(turned) == [str(item[f"{noun}_id"]) for item in listed["items"]]
    found = await page_of(large, f"{path}?q=nothing+of+the+kind")
    assert f"No {noun}s match this search." in found
