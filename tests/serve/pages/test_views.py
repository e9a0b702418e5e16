"""The four views as the server writes them: whole without JavaScript, and what the API tells."""

import re
import threading
from html import unescape
from typing import Any

import asyncpg
import pytest

from classpulse.serve.pages import rendering, unchanged
from serve.conftest import Client
from serve.pages.test_pages import sign_in
from serve.report_files import read_csv

VIEWS = ["/", "/sections", "/sections/1", "/subjects", "/subjects/1", "/students"]


async def page_of(client: Client, address: str, educator_id: int = 1) -> str:
    answer = await client.http.get(address, headers=client.as_(educator_id))
    assert answer.status_code == 200, answer.text
    return answer.text


def field_of(page: str, record: str, field: str) -> list[str]:
    """What stands in a field of a record, each time that the page shows it."""
    parts = [part.split("data-record=")[0] for part in page.split(f'data-record="{record}"')[1:]]
    found = [re.search(rf'data-field="{field}"[^>]*>([^<]*)<', part) for part in parts]
    return [unescape(match[1]) for match in found if match]


def rows_of(page: str) -> list[str]:
    table = page.split('data-list="roster"')[1].split("</tbody>")[0]
    return re.findall(r'<tr data-key="(\d+-\d+)"', table)


@pytest.mark.parametrize("address", VIEWS)
async def test_every_view_has_its_place_in_the_header_and_a_stream_to_go_on_from(
    reader: Client, address: str
) -> None:
    page = await page_of(reader, address)
    current = re.findall(r'<a href="([^"]*)" aria-current="page"', page)
    assert current == ["/" + address.split("/")[1]]
    assert re.search(r'id="page"[^>]* data-since="[0-9a-z]+-\d+"', page)
    assert page.count("<h1") == 1
    assert "app.js" in page


@pytest.mark.parametrize("address", [*VIEWS, "/students?status=fail&q=a", "/?term=2"])
async def test_who_is_not_signed_in_comes_back_to_the_same_place(
    client: Client, address: str
) -> None:
    answer = await client.http.get(address)
    assert answer.status_code == 303
    form = await client.http.get(answer.headers["location"])
    target = re.search(r'name="next" value="([^"]*)"', form.text)
    assert target is not None
    signed_in = await sign_in(client, next=unescape(target[1]))
    assert signed_in.headers["location"] == address


@pytest.mark.parametrize(
    "address",
    ["/sections/3", "/sections/99", "/sections/x", "/subjects/3", "/?term=3", "/?student=30"],
)
async def test_what_is_not_theirs_is_a_page_that_says_so(reader: Client, address: str) -> None:
    answer = await reader.http.get(address, headers=reader.as_(1))
    assert answer.status_code == 404
    assert "or it is not yours to see" in answer.text


async def test_a_section_shows_what_the_api_tells(reader: Client) -> None:
    page = await page_of(reader, "/sections/1")
    section: dict[str, Any] = await reader.read("/section/1")
    assert field_of(page, "section:1", "average_score") == [f"{section['average_score']:.2f}%"]
    assert field_of(page, "section:1", "pass_rate") == [f"{section['pass_rate']:.2f}%"]
    for subject in section["subject_averages"]:
        shown = field_of(page, f"subject:1-{subject['subject_id']}", "average_score")
        average = subject["average"]
        assert shown == ["–" if average is None else f"{average:.2f}%"]
    exams: dict[str, Any] = await reader.read("/exams?section_id=1")
    for exam in exams["items"]:
        assert field_of(page, f"exam:{exam['exam_id']}", "graded") == [str(exam["graded"])]
    students: dict[str, Any] = await reader.read("/students?section_id=1")
    for student in students["items"]:
        average = student["average_score"]
        shown = "–" if average is None else f"{average:.2f}%"
        assert field_of(page, f"standing:{student['id']}-1", "average_score") == [shown]


async def test_a_subject_shows_each_students_average_in_it(reader: Client) -> None:
    page = await page_of(reader, "/subjects/1")
    subject: dict[str, Any] = await reader.read("/subject/1")
    assert field_of(page, "subject:1", "average_score") == [f"{subject['average_score']:.2f}%"]
    student: dict[str, Any] = await reader.read("/student/2")
    (grade,) = (one for one in student["subject_grades"] if one["subject_id"] == 1)
    assert field_of(page, "mark:2-1-1", "percentage") == [f"{grade['percentage']:.2f}%"]
    assert field_of(page, "mark:2-1-1", "missing_count") != []


@pytest.mark.parametrize("view", ["/sections/1", "/students", "/subjects/1"])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "status=fail",
        "status=no_data",
        "min_average=50&max_average=80",
        "attendance_below=70",
        "q=student+01",
        "sort=average&order=desc",
        "sort=attendance&order=desc",
        "sort=average_if_missing_zero",
        "sort=graded&order=desc",
        "sort=missing&order=desc",
        "sort=section",
    ],
)
async def test_a_table_holds_what_the_list_of_the_api_holds_in_its_order(
    reader: Client, view: str, query: str
) -> None:
    page = await page_of(reader, f"{view}?{query}")
    own = {"/sections/1": "section_id=1", "/subjects/1": "subject_id=1&basis=subject"}
    listed: dict[str, Any] = await reader.read(f"/students?{query}&{own.get(view, '')}".strip("&"))
    expected = [f"{item['id']}-{item['section_id']}" for item in listed["items"]]
    assert rows_of(page) == expected
    noun = "student" if view.startswith("/sections/") else "row"
    words = f"{len(expected)} {noun}" + ("" if len(expected) == 1 else "s")
    assert f'<span class="figure">{words}</span>' in page


async def test_a_form_that_was_sent_with_nothing_filled_in_filters_nothing(reader: Client) -> None:
    blank = "q=&status=&min_average=&max_average=&attendance_below=&section_id=&subject_id=&term="
    assert rows_of(await page_of(reader, f"/students?{blank}")) == rows_of(
        await page_of(reader, "/students")
    )


async def test_a_filter_that_can_not_be_read_is_said(reader: Client) -> None:
    answer = await reader.http.get("/students?min_average=much", headers=reader.as_(1))
    assert answer.status_code == 400
    assert "min_average must be a number" in answer.text


async def test_filters_and_order_stay_in_the_links_of_the_table(reader: Client) -> None:
    page = unescape(await page_of(reader, "/students?status=fail&sort=average&order=desc&q=S"))
    assert 'href="/students?status=fail&q=S&sort=last_name&order=asc"' in page
    assert 'href="/students?status=fail&q=S&sort=average&order=asc"' in page
    assert 'aria-sort="descending"' in page
    assert 'href="/students?sort=average&order=desc"' in page  # what clears the filters
    report = "report=overview&format=csv&status=fail&sort=average&order=desc&q=S"
    assert f"/api/v1/performance/reports/download?{report}" in page


@pytest.mark.parametrize(
    "address",
    [
        "/sections/1?sort=average&order=desc",
        "/sections/1?term=2",
        "/sections/4?term=2&status=pass",
        "/subjects/1?min_average=50&sort=average",
        "/students?subject_id=1&status=fail&sort=missing",
        "/students?section_id=1&q=1&sort=roll_number&order=desc",
        "/students?term=2",
    ],
)
async def test_the_file_of_a_view_holds_its_rows_in_its_order(reader: Client, address: str) -> None:
    page = await page_of(reader, address)
    link = re.search(r'href="([^"]*reports/download[^"]*format=csv[^"]*)"', page)
    assert link is not None
    answer = await reader.http.get(unescape(link[1]), headers=reader.as_(1))
    numbers = [row["student_number"] for row in read_csv(answer.content)]
    assert numbers == [f"N{key.partition('-')[0]}" for key in rows_of(page)]
    assert numbers


async def test_another_term_is_chosen_and_kept_from_view_to_view(reader: Client) -> None:
    page = await page_of(reader, "/?term=2")
    assert 'data-term="2"' in page
    assert 'data-sections="4"' in page
    assert '<option value="2" selected>' in page
    assert 'href="/sections?term=2"' in page
    assert 'href="/sections/4?term=2"' in page
    listed = await page_of(reader, "/sections?term=2")
    assert 'data-record="section:4"' in listed
    assert 'data-record="section:1"' not in listed


async def test_a_table_goes_on_after_its_first_rows(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await tool.execute(
        "insert into students (id, school_id, first_name)"
        " select n, 1, 'More ' || n from generate_series(1000, 1700) as n;"
        "insert into enrollments (student_id, section_id)"
        " select n, 1 from generate_series(1000, 1700) as n;"
    )
    await tool.execute("call performance_wait(timeout => '20 s')")
    seen = []
    address = "/sections/1"
    for _ in range(12):
        page = await page_of(client, address)
        rows = rows_of(page)
        assert len(rows) <= 500
        seen.append(rows)
        more = re.search(r'href="([^"]*)" data-go>(?:Show more|Next)', page)
        if more is None:
            break
        address = unescape(more[1])
    assert len(seen[0]) == 100
    assert len(seen[1]) == 200
    assert len({*seen[-1], *seen[-2]}) == 713
    assert "First page" in page


async def test_an_educator_without_anything_is_told_what_to_expect(reader: Client) -> None:
    for address, words in (
        ("/sections", "No sections in this term."),
        ("/subjects", "No subjects with a grade or an exam"),
        ("/students", "No students yet."),
    ):
        assert words in await page_of(reader, address, 7)


async def test_a_term_is_found_behind_hundreds_of_later_ones(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await tool.execute(
        "insert into terms (id, school_id, name, starts_on, ends_on)"
        " select 100 + n, 1, 'Later ' || n, current_date + 100 + n, current_date + 101 + n"
        " from generate_series(1, 600) as n"
    )
    page = await page_of(client, "/?term=2")
    assert '<option value="2" selected>' in page
    assert '<option value="1">' in page


async def test_a_view_is_written_beside_the_event_loop(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    write = rendering.page

    def noting(*arguments: Any) -> Any:
        threads.append(threading.get_ident())
        return write(*arguments)

    monkeypatch.setattr(unchanged, "page", noting)
    await page_of(client, "/")
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(("cookie", "shown"), [("dark", True), ("light", True), ("<b>", False)])
async def test_the_chosen_theme_is_there_at_the_first_paint(
    client: Client, cookie: str, shown: bool
) -> None:
    await sign_in(client)
    client.http.cookies.set("classpulse_theme", cookie)
    page = (await client.http.get("/")).text
    assert (f'data-theme="{cookie}"' in page) is shown
    assert shown or "data-theme" not in page


TRENDING = """
update terms set starts_on = current_date - 60 where id = 1;
update terms set starts_on = current_date - 400, ends_on = current_date - 300 where id = 2;
update sections set name = '10-A' where id = 4;
insert into grades (student_id, section_id, subject_id, score, graded_on) values
(1, 1, 1, 50, current_date - 35), (1, 4, 1, 50, current_date - 390),
(1, 4, 1, 70, current_date - 360);
"""


@pytest.mark.parametrize("address", ["/sections/1"])
async def test_a_line_shows_the_weeks_and_on_request_those_of_the_term_before(
    client: Client, tool: Any, address: str
) -> None:
    await tool.execute(TRENDING)
    await tool.execute("call performance_wait(timeout => '20 s')")
    page = await page_of(client, address)
    assert "Week by week" in page
    drawn = re.findall(r'<path class="line" d="([^"]+)"', page)
    assert len(drawn) >= 2
    assert "is-earlier" not in page
    assert f'href="{address}?earlier=1"' in page
    page = await page_of(client, f"{address}?earlier=1")
    assert re.findall(r'<path class="line is-earlier" d="M[^"]+"', page)
    assert "Without the term before" in page
    refused = await client.http.get(f"{address}?earlier=2", headers=client.as_(1))
    assert refused.status_code == 400


async def test_a_card_shows_the_weeks_of_each_standing(client: Client, tool: Any) -> None:
    await tool.execute(TRENDING)
    await tool.execute("call performance_wait(timeout => '20 s')")
    card = await page_of(client, "/students/1/card")
    assert "Week by week" in card
    assert '<path class="line"' in card
    # whether one student passes is no rate
    assert "Pass rate</h3>" not in card
    # of one who has a week nothing is drawn
    assert "Week by week" not in await page_of(client, "/students/30/card", 6)
