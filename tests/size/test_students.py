"""A page of a list costs what it shows, of a class as of a district."""

import json
from typing import Any

import asyncpg
import pytest

from classpulse.serve.api.students import Filters, students_of
from classpulse.serve.auth.scope import sections_in_view, viewer_by_id
from classpulse.serve.snapshot import Reader, open_pool, snapshot

from .conftest import PRINCIPAL, TEACHER, District

# What a list may read, in pages of 8 KiB: those of the total of 3,333 sections included.
OF_A_CLASS, OF_A_DISTRICT = 1_000, 2_000


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Of the statement that reads a list, what it read when it was run last."""
    found: dict[str, Any] = {}
    read = Reader.all

    async def all_rows(self: Reader, statement: str, **values: object) -> list[Any]:
        if "after_name" in values:
            (row,) = await read(
                self, f"explain (analyze, buffers, format json) {statement}", **values
            )
            found.update(json.loads(row["QUERY PLAN"])[0]["Plan"])
        return await read(self, statement, **values)

    monkeypatch.setattr(Reader, "all", all_rows)
    return found


@pytest.mark.parametrize("asked", [{}, {"sort": "name"}, {"order": "desc"}, {"status": "fail"}])
@pytest.mark.parametrize(("who", "most"), [(TEACHER, OF_A_CLASS), (PRINCIPAL, OF_A_DISTRICT)])
async def test_a_page_reads_little_more_than_itself(
    district: District, explained: dict[str, Any], asked: dict[str, Any], who: int, most: int
) -> None:
    async with open_pool(district.url, pooled=False) as pool:
        viewer = await viewer_by_id(pool, who)
        assert viewer is not None
        cursor = None
        for _ in range(2):
            page, _ = await students_of(pool, viewer, Filters(**asked, cursor=cursor, limit=40))
            assert page["items"]
            assert explained["Shared Hit Blocks"] + explained["Shared Read Blocks"] <= most
            assert explained["Temp Written Blocks"] == 0
            cursor = page["next"]
            if cursor is None:
                break


@pytest.mark.parametrize("asked", [{}, {"order": "desc"}, {"sort": "name", "status": "no_data"}])
async def test_the_pages_of_a_district_are_its_list_in_order(
    district: District, query: "asyncpg.Connection[Any]", asked: dict[str, Any]
) -> None:
    key = "by_name" if asked.get("sort") == "name" else "by_last_name"
    expected = await query.fetch(
        "select standing.student_id, standing.section_id"
        " from public.student_performance_summaries as standing"
        " join classpulse.student_names as named on named.student_id = standing.student_id"
        f" where {'average is null' if 'status' in asked else 'true'}"
        f" order by named.{key} {asked.get('order', '')}, 1, 2"
    )
    async with open_pool(district.url, pooled=False) as pool:
        viewer = await viewer_by_id(pool, PRINCIPAL)
        assert viewer is not None
        found, cursor = [], None
        for _ in range(3):
            page, _ = await students_of(pool, viewer, Filters(**asked, cursor=cursor, limit=500))
            found += [(item["id"], item["section_id"]) for item in page["items"]]
            assert page["total"] == len(expected)
            cursor = page["next"]
    assert found == [tuple(row) for row in expected[: len(found)]]
    assert len(found) == 1500


async def test_the_total_is_that_of_the_rows(district: District) -> None:
    async with open_pool(district.url, pooled=False) as pool:
        viewer = await viewer_by_id(pool, TEACHER)
        assert viewer is not None
        async with snapshot(pool) as reader:
            assert len(await sections_in_view(reader, viewer)) == 3
        for asked in ({}, {"status": "pass"}, {"status": "fail"}, {"status": "no_data"},
                      {"subject_id": (1,)}, {"subject_id": (1,), "basis": "subject"},
                      {"subject_id": (1,), "basis": "subject", "status": "pass"}):  # fmt: skip
            page, _ = await students_of(pool, viewer, Filters(**asked, limit=500))
            assert page["total"] == len(page["items"]), asked
