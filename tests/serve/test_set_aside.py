"""A section whose figures can't be updated says so, in answers, on pages and in reports."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import anyio
import pytest
from processes import admin_token, serving

from classpulse.project.verify import verify
from serve.conftest import Client
from serve.report_files import pages, report, rows_of_csv, workbook

OLDER = "The figures can't be updated at the moment and are older"
IN_WORDS = (
    "Figures of 10-B can't be updated at the moment and are older. Your administrator sees why."
)

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 4) as n;
insert into enrollments (student_id, section_id) select n, 1 + n % 2 from generate_series(1, 4) n;
insert into grades (student_id, section_id, subject_id, score) values (1, 2, 1, 50), (2, 1, 1, 60);
"""


@pytest.mark.reliability("one row that can't be handled")
async def test_figures_that_are_older_say_so_and_the_others_do_not(
    database_url: str, connection: Any, tmp_path: Path
) -> None:
    await connection.execute(SCHOOL)
    await verify(database_url)
    token = await admin_token(connection)

    def get(path: str) -> Any:
        request = urllib.request.Request(path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if "/api/" in path else body.decode()

    asked = {
        "overview": [1],
        "sections": [1],
        "section/1": [1],
        "section/2": None,
        "subjects": [1],
        "subject/1": [1],
        "students": [1],
        "students?section_id=2": None,
        "student/2": [1],
        "student/1": None,
        "section/1/attendance": [1],
    }
    with serving(database_url, tmp_path / "log") as server:
        api = f"{server.url}/api/v1/performance/"
        for path in asked:
            assert "set_aside" not in await anyio.to_thread.run_sync(get, api + path)
        await connection.execute(
            "insert into classpulse.set_aside (section_id, reason, retry_at)"
            " values (1, 'a test', now() + interval '1 day')"
        )
        for path, said in asked.items():
            answer = await anyio.to_thread.run_sync(get, api + path)
            assert answer.get("set_aside") == said, path
            assert answer["as_of"]


async def set_aside(tool: Any, *sections: int) -> None:
    await tool.execute(
        "insert into classpulse.set_aside (section_id, reason, retry_at)"
        " select section, 'a test', now() + interval '1 day' from unnest($1::bigint[]) as section",
        sections,
    )


@pytest.mark.reliability("one row that can't be handled")
async def test_a_csv_says_it_in_the_rows_concerned_and_has_the_same_columns_without(
    client: Client, tool: Any
) -> None:
    head, *_ = (await report(client, "format=csv", 3)).text.splitlines()
    assert {row["set_aside"] for row in await rows_of_csv(client, "", 3)} == {""}
    await set_aside(tool, 2, 3)
    assert (await report(client, "format=csv", 3)).text.splitlines()[0] == head
    for query in ("", "student_id=1"):
        rows = await rows_of_csv(client, query, 3)
        said = {row["section_name"]: row["set_aside"] for row in rows}
        assert said["10-B"] == OLDER
        assert said["10-A"] == ""
        assert all(row["as_of_time"].endswith("Z") for row in rows)


@pytest.mark.reliability("one row that can't be handled")
@pytest.mark.parametrize("query", ["", "section_id=2", "subject_id=1", "student_id=1"])
async def test_a_workbook_and_a_printed_report_say_it_below_the_as_of_line(
    client: Client, tool: Any, query: str
) -> None:
    def lines(book: Any) -> list[str]:
        return [str(row[0].value) for row in book["Summary"].iter_rows(max_col=1)]

    assert not any("older" in line for line in lines(await workbook(client, query, 3)))
    assert "older" not in "".join(await pages(client, query, 3))
    await set_aside(tool, 2, 3)
    said = lines(await workbook(client, query, 3))
    (as_of,) = [number for number, line in enumerate(said) if line.startswith("As of ")]
    assert said[as_of + 1] == IN_WORDS
    first, *others = await pages(client, query, 3)
    assert IN_WORDS in " ".join(first.split())
    assert all("some figures are older" in page for page in others)


@pytest.mark.reliability("one row that can't be handled")
async def test_a_report_without_such_a_section_says_nothing(client: Client, tool: Any) -> None:
    await set_aside(tool, 2, 3)
    assert {row["set_aside"] for row in await rows_of_csv(client, "section_id=1", 3)} == {""}
    assert "older" not in "".join(await pages(client, "section_id=1", 3))


@pytest.mark.reliability("one row that can't be handled")
async def test_a_page_has_a_notice_only_while_a_section_that_it_shows_waits(
    client: Client, tool: Any
) -> None:
    async def shown(path: str) -> str:
        answer = await client.http.get(path, headers=client.as_(3))
        assert answer.status_code == 200
        return " ".join(answer.text.split())

    views = ("/", "/sections", "/sections/2", "/subjects", "/subjects/1", "/students")
    for path in views:
        assert "be updated at the moment" not in await shown(path), path
    await set_aside(tool, 2, 3)
    for path in views:
        page = await shown(path)
        assert "Figures of one section can&#39;t be updated at the moment" in page, path
    assert "be updated at the moment" not in await shown("/sections/1")
    await set_aside(tool, 1)
    assert "Figures of 2 sections can&#39;t be updated at the moment" in await shown("/")
    await tool.execute("delete from classpulse.set_aside")
    assert "be updated at the moment" not in await shown("/")
