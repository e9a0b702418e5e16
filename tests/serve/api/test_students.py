"""Filters, order and paging of standings."""

from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from serve.conftest import Client


async def ids(reader: Client, query: str, educator_id: int = 1) -> list[int]:
    return [item["id"] for item in (await reader.read(f"/students?{query}", educator_id))["items"]]


async def paged(client: Client, query: str, educator_id: int, limit: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    page = await client.read(f"/students?{query}&limit={limit}", educator_id)
    while True:
        found += [(item["id"], item["section_id"]) for item in page["items"]]
        if page["next"] is None:
            return found
        assert len(page["items"]) == limit
        page = await client.read(
            f"/students?{query}&limit={limit}&cursor={page['next']}", educator_id
        )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=pass", [6, 7, 8, 9, 10, 11]),
        ("status=fail", [1, 2, 3, 4, 5]),
        ("status=no_data", [12]),
        ("min_average=80", [10, 11]),
        ("max_average=45", [2, 3]),
        ("min_average=45&max_average=50", [3, 4]),
        ("min_average=80&max_average=10", []),
        ("attendance_below=70", [1]),
        ("subject_id=2", list(range(1, 13))),
        ("q=STUDENT 01", [10, 11, 12]),
        ("q=n12", [12]),
        ("q=s3@", [3]),
        ("q=%25", []),
        ("q=_", []),
        ("q='; drop table students; --", []),
        ("q=", list(range(1, 13))),
        ("section_id=4", [1]),
        ("section_id=4&term=1", []),
        ("term=2", [1]),
    ],
)
async def test_filters(reader: Client, query: str, expected: list[int]) -> None:
    assert await ids(reader, query) == expected
    assert (await reader.read(f"/students?{query}"))["total"] == len(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=name", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ("sort=name&order=desc", [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("sort=roll_number", [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("sort=average", [2, 3, 4, 5, 1, 6, 7, 8, 9, 10, 11, 12]),
        ("sort=average&order=desc", [11, 10, 9, 8, 7, 6, 1, 5, 4, 3, 2, 12]),
        ("sort=attendance", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ("sort=attendance&order=desc", [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1]),
    ],
)
async def test_order_puts_the_unknown_last_either_way(
    reader: Client, query: str, expected: list[int]
) -> None:
    assert await ids(reader, query) == expected


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["name", "last_name", "average", "attendance", "roll_number"])
async def test_pages_together_are_the_list(reader: Client, sort: str, order: str) -> None:
    query = f"sort={sort}&order={order}"
    whole = [
        (item["id"], item["section_id"])
        for item in (await reader.read(f"/students?{query}", 4))["items"]
    ]
    assert len(whole) == len(set(whole)) == 15
    for limit in (1, 4, 15):
        assert await paged(reader, query, 4, limit) == whole


async def test_a_page_goes_on_where_it_was_though_rows_come_and_go(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    first = await client.read("/students?sort=name&limit=4")
    assert [item["id"] for item in first["items"]] == [1, 2, 3, 4]
    await tool.execute(
        "insert into students (id, school_id, first_name) values (50, 1, 'A new one');"
        "insert into enrollments (student_id, section_id) values (50, 1);"
        "delete from students where id = 4;"
    )
    await tool.execute("call performance_wait(timeout => '10 s')")
    second = await client.read(f"/students?sort=name&limit=4&cursor={first['next']}")
    assert [item["id"] for item in second["items"]] == [5, 6, 7, 8]


async def test_names_alike_are_paged_without_loss(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await tool.execute("update students set first_name = 'Same', last_name = 'Name'")
    await tool.execute("update grades set score = 70 where exam_id = 1")
    await tool.execute("call performance_wait(timeout => '10 s')")
    for query in ("sort=name", "sort=name&order=desc", "sort=average&order=desc"):
        assert sorted(await paged(client, query, 4, 2)) == sorted(await paged(client, query, 4, 50))
        assert len(await paged(client, query, 4, 2)) == 15


async def test_a_cursor_of_another_order_or_of_nobodys_making_is_refused(reader: Client) -> None:
    cursor = (await reader.read("/students?sort=name&limit=2"))["next"]
    forged = ["x", "é", "AAAA", "W10", "bnVsbA", quote("%%%"), "a" * 1999, "W1tbW1tbW1tb"]
    assert (await reader.get(f"/students?sort=average&cursor={cursor}")).status_code == 400
    for text in forged:
        for path in ("/students", "/sections", "/subjects", "/exams", "/terms"):
            answer = await reader.get(f"{path}?cursor={text}")
            assert answer.status_code == 400, (path, text)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_page_of_a_long_list_holds_no_more_than_was_asked(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await tool.execute(
        "insert into students (id, school_id, first_name)"
        " select n, 1, 'Many ' || n from generate_series(1000, 3999) as n;"
        "insert into enrollments (student_id, section_id)"
        " select n, 1 from generate_series(1000, 3999) as n"
    )
    await tool.execute("call performance_wait(timeout => '20 s')")
    page: dict[str, Any] = await client.read("/students?sort=average&limit=3&q=many")
    assert page["total"] == 3000
    assert len(page["items"]) == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=fail", [2, 3, 4, 5, 1]),
        ("max_average=50", [2, 3, 4]),
        ("status=no_data", [12]),
        ("q=n1&status=pass", [10, 11]),
    ],
)
async def test_of_one_subject_its_own_averages_filter_and_sort(
    reader: Client, query: str, expected: list[int]
) -> None:
    asked = f"section_id=1&subject_id=1&basis=subject&sort=average&{query}"
    items = (await reader.read(f"/students?{asked}"))["items"]
    graded = {
        item["id"]: (await reader.read(f"/student/{item['id']}"))["subject_grades"]
        for item in items
    }
    for item in items:
        own = item["subject_grade"]
        assert own["subject_id"] == 1
        whole = [
            grade
            for grade in graded[item["id"]]
            if (grade["subject_id"], grade["section_id"]) == (1, 1)
        ]
        if not whole:
            assert own["percentage"] is None
            assert own["graded_count"] == 0
        for grade in whole:
            for name in ("percentage", "percentage_if_missing_zero", "grade_letter", "is_passed"):
                assert own[name] == grade[name]
    percentages = [item["subject_grade"]["percentage"] for item in items]
    known = [one for one in percentages if one is not None]
    assert percentages[: len(known)] == sorted(known)
    assert sorted(item["id"] for item in items) == sorted(expected)


@pytest.mark.parametrize("query", ["", "subject_id=1&subject_id=2"])
async def test_the_basis_of_a_subject_needs_exactly_one(reader: Client, query: str) -> None:
    answer = await reader.get(f"/students?basis=subject&{query}")
    assert answer.status_code == 400
    assert "basis must be standing unless exactly one subject_id is given" in answer.text


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["average_if_missing_zero", "graded", "missing", "section"])
async def test_every_column_of_the_table_pages_in_its_order(
    reader: Client, sort: str, order: str
) -> None:
    query = f"sort={sort}&order={order}"
    whole = (await reader.read(f"/students?{query}", 4))["items"]
    assert await paged(reader, query, 4, 4) == [(item["id"], item["section_id"]) for item in whole]
    column = {"graded": "graded_count", "missing": "missing_count", "section": "section_name"}
    values = [item[column.get(sort, sort)] for item in whole]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=order == "desc")
    assert values == known + [None] * (len(values) - len(known))


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_by_section_go_on_where_they_were_when_sections_appear_and_are_renamed(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]", order: str
) -> None:
    query = f"/students?sort=section&order={order}&limit=4"
    page = whole = await client.read(f"{query[:-1]}500", 3)
    names = [item["section_name"] for item in whole["items"]]
    assert names == sorted(names, reverse=order == "desc")
    page = await client.read(query, 3)
    found = page["items"]
    changes = (
        "insert into sections (id, school_id, name, term_id)"
        " values (51, 1, '10-0', 1), (52, 1, '0', 1)",
        "update sections set name = '10-1' where name = '10-0'",
        "delete from sections where name = '10-1'",
        "insert into sections (id, school_id, name, term_id)"
        " values (53, 1, '10-A', 1), (54, 1, 'Z', 1)",
    )
    for change in changes:
        await tool.execute(change)
        page = await client.read(f"{query}&cursor={page['next']}", 3)
        found += page["items"]
        if page["next"] is None:
            break
    assert [(i["id"], i["section_id"]) for i in found] == [
        (i["id"], i["section_id"]) for i in whole["items"]
    ]


async def test_pages_by_section_lose_nobody_when_a_section_before_no_longer_passes(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    query = "/students?sort=section&max_average=100"
    first = await client.read(f"{query}&section_id=1", 3)
    page = await client.read(f"{query}&limit={first['total']}", 3)
    assert {item["section_id"] for item in page["items"]} == {1}
    await tool.execute("update grades set score = null, status = 'excused' where section_id = 1")
    await tool.execute("call performance_wait(timeout => '10 s')")
    rest = await client.read(f"{query}&cursor={page['next']}", 3)
    assert [(item["id"], item["section_id"]) for item in rest["items"]] == [(1, 2), (20, 2)]


@pytest.mark.parametrize("sort", ["name", "last_name"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_names_alike_in_their_first_hundred_letters_are_in_order(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]", sort: str, order: str
) -> None:
    await tool.execute(
        "update students set last_name = repeat('x', 100), first_name = repeat('x', 99) || "
        "(array['c', 'a', 'd', 'b'])[id] where id <= 4"
    )
    await tool.execute("call performance_wait(timeout => '10 s')")
    expected = [2, 4, 1, 3] if order == "asc" else [3, 1, 4, 2]
    query = f"sort={sort}&order={order}&q=xxxx"
    assert await ids(client, query) == expected
    assert await paged(client, query, 1, 1) == [(id_, 1) for id_ in expected]


async def test_a_standing_whose_student_is_not_named_yet_is_listed(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """As of one whose name can't be sorted: it has a place from the moment that it is made."""
    await tool.execute(
        "create temporary table kept as"
        " select * from public.student_performance_summaries where student_id = 12;"
        "delete from public.student_performance_summaries where student_id = 12;"
        "delete from classpulse.student_names where student_id = 12;"
        "insert into public.student_performance_summaries select * from kept"
    )
    named = "select count(*) from classpulse.student_names where student_id = 12"
    assert await tool.fetchval(named) == 1
    assert sorted(await ids(client, "section_id=1&sort=last_name")) == list(range(1, 13))


async def test_pages_go_on_over_students_who_are_gone_and_not_folded_out(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await tool.execute("set session_replication_role = replica")
    await tool.execute(
        "alter table students disable trigger classpulse_capture_delete;"
        "delete from students where id in (2, 3)"
    )
    found: list[int] = []
    page = await client.read("/students?sort=name&limit=2")
    while page["next"] is not None:
        found += [item["id"] for item in page["items"]]
        page = await client.read(f"/students?sort=name&limit=2&cursor={page['next']}")
    found += [item["id"] for item in page["items"]]
    assert found == [1, *range(4, 13)]
