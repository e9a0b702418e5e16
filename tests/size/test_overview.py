"""What is shown of a district costs and weighs what a page of it costs, not what all of it does."""

import gzip
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from serve.conftest import Client, serving

from classpulse.serve.snapshot import Reader
from classpulse.sql import queries

from .conftest import PRINCIPAL, TEACHER, District

COOKIE = "classpulse_token"


@pytest.fixture(scope="module")
async def client(district: District) -> AsyncIterator[Client]:
    """A server of the district."""
    async with serving(district.url) as client:
        yield client


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What is asked of the database from now on: each statement, and of which sections."""
    asked: list[tuple[str, Any]] = []
    for name in ("one", "all"):
        own = getattr(Reader, name)

        async def counted(self: Any, statement: str, _own: Any = own, **values: Any) -> Any:
            asked.append((statement, values.get("sections")))
            return await _own(self, statement, **values)

        monkeypatch.setattr(Reader, name, counted)
    return asked


async def page_of(client: Client, path: str, educator: int = PRINCIPAL) -> str:
    """A page as somebody signed in gets it."""
    token = client.as_(educator)["Authorization"].removeprefix("Bearer ")
    response = await client.http.get(path, headers={"Cookie": f"{COOKIE}={token}"})
    assert response.status_code == 200
    return response.text


def on_the_wire(text: str) -> int:
    return len(gzip.compress(text.encode(), 6))


async def test_the_district_is_as_large_as_it_says(
    district: District, query: "asyncpg.Connection[Any]"
) -> None:
    counted = await query.fetchrow(
        "select (select count(*) from sections) as sections,"
        " (select count(*) from public.student_performance_summaries) as standings,"
        " (select sum(total_students) from performance_cache where subject_id is null) as cached"
    )
    assert counted["sections"] == district.sections
    assert counted["standings"] == counted["cached"] == district.standings


async def test_the_overview_of_a_district_is_exact(
    client: Client, query: "asyncpg.Connection[Any]"
) -> None:
    overview = await client.read("/overview", PRINCIPAL)
    expected = await query.fetchrow(
        "select count(distinct student_id) as total_students, count(*) as standings,"
        " count(*) filter (where average is null) as no_data,"
        " round(avg(exact_average), 2) as overall_average,"
        " round(100.0 * count(*) filter (where passed) / count(average), 2) as overall_pass_rate,"
        " count(distinct student_id) filter (where chronically_absent) as chronically_absent,"
        " count(*) filter (where letter = 'B+') as b_plus"
        " from public.student_performance_summaries"
    )
    for name in ("total_students", "standings", "no_data"):
        assert overview[name] == expected[name]
    for name in ("overall_average", "overall_pass_rate"):
        assert overview[name] == float(expected[name])
    assert overview["attendance_stats"]["chronically_absent"] == expected["chronically_absent"]
    assert overview["grade_distribution"]["B+"] == expected["b_plus"]
    subjects = {row["subject_id"]: row for row in overview["subjects_summary"]}
    # every section has every subject, so each student has each
    assert {row["total_students"] for row in subjects.values()} == {overview["total_students"]}


async def test_the_performers_of_a_district_are_the_extremes(
    client: Client, query: "asyncpg.Connection[Any]"
) -> None:
    overview = await client.read("/overview", PRINCIPAL)
    for kind, order in (("top", "desc"), ("low", "asc")):
        expected = await query.fetch(
            "select summary.student_id, summary.section_id"
            " from public.student_performance_summaries as summary"
            " join classpulse.student_names as named using (student_id)"
            " where average is not null"
            f" order by average {order}, named.by_name, student_id, section_id limit 5"
        )
        shown = [(s["id"], s["section_id"]) for s in overview[f"{kind}_performers"]]
        assert shown == [tuple(row) for row in expected]


@pytest.mark.parametrize(
    ("path", "most", "on_wire"),
    [
        ("/overview", 60_000, 8_000),
        ("/subjects", 8_000, 2_000),
        ("/subject/1", 42_500, 5_000),
        ("/subject/1/sections", 21_500, 3_000),
        # 50 items with ten performers each
        ("/sections", 420_000, 40_000),
    ],
)
async def test_an_answer_about_a_district_weighs_what_a_page_of_it_does(
    client: Client, path: str, most: int, on_wire: int
) -> None:
    response = await client.get(path, PRINCIPAL)
    assert response.status_code == 200
    assert len(response.content) < most
    assert on_the_wire(response.text) < on_wire


@pytest.mark.parametrize("path", ["/", "/sections", "/subjects"])
async def test_a_page_about_a_district_is_light_on_the_wire(client: Client, path: str) -> None:
    assert on_the_wire(await page_of(client, path)) < 30_000


async def test_what_nobody_changed_is_read_once(
    client: Client, statements: list[tuple[str, Any]]
) -> None:
    await client.read("/overview", PRINCIPAL)
    await client.read("/subjects", PRINCIPAL)
    for path, most in (("/overview", 3), ("/subjects", 4)):
        statements.clear()
        await client.read(path, PRINCIPAL)
        # who asks, which sections are theirs, where the log stands (and the page of the list)
        assert len(statements) <= most, statements


async def test_a_change_has_the_sections_next_to_it_read_again(
    own_district: District, statements: list[tuple[str, Any]]
) -> None:
    tool = await asyncpg.connect(own_district.url)
    async with serving(own_district.url) as client:
        before = await client.read("/overview", PRINCIPAL)
        statements.clear()
        await tool.execute("update grades set score = 99.99 where section_id = 1000")
        await tool.execute("call performance_wait(timeout => '20 s')")
        overview = await client.read("/overview", PRINCIPAL)
        assert overview["overall_average"] > before["overall_average"]
        assert overview["overall_average"] == float(
            await tool.fetchval(
                "select round(avg(exact_average), 2) from public.student_performance_summaries"
            )
        )
        read = [len(of) for text, of in statements if text == queries("merged")["blocks"]]
        assert read
        assert max(read) <= 64
        assert queries("merged")["roster"] not in [text for text, _ in statements]
        # who came or went is counted
        await tool.execute(
            "insert into enrollments (student_id, section_id) values (5, 2000), (6, 2000);"
            "delete from enrollments where student_id = 90000"
        )
        await tool.execute("call performance_wait(timeout => '20 s')")
        overview = await client.read("/overview", PRINCIPAL)
        assert overview["total_students"] == await tool.fetchval(
            "select count(distinct student_id) from public.student_performance_summaries"
        )
        assert overview["standings"] == own_district.standings + 1
    await tool.close()


async def test_leaving_a_page_calculates_nothing(
    client: Client, statements: list[tuple[str, Any]]
) -> None:
    await client.read("/overview", PRINCIPAL)
    statements.clear()
    response = await client.http.post("/api/v1/visits", headers=client.as_(PRINCIPAL))
    assert response.status_code == 204
    assert len(statements) <= 4, statements


async def test_a_teachers_overview_reads_their_sections_alone(
    client: Client, query: "asyncpg.Connection[Any]", statements: list[tuple[str, Any]]
) -> None:
    overview = await client.read("/overview", TEACHER)
    assert (overview["standings"], overview["truncated"]) == (90, False)
    statements.clear()
    again = await client.read("/overview", TEACHER)
    assert len(statements) <= 3, statements
    assert again["overall_average"] == overview["overall_average"]
