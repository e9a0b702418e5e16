"""Reports: what they are asked for, who gets them, and that the export is the screen."""

import asyncio
import tracemalloc
from datetime import date
from typing import Any

import anyio
import anyio.from_thread
import httpx2
import msgspec
import pytest

from classpulse.serve.api.students import Filters
from classpulse.serve.reports import list_report
from classpulse.serve.reports.attachment import disposition, file_name
from classpulse.serve.reports.csv_file import CsvFile, as_text
from classpulse.serve.reports.pdf.file import PdfFile
from classpulse.serve.reports.report_query import ReportQuery
from classpulse.serve.reports.xlsx_file import XlsxFile
from serve.conftest import API, PASSWORD, Client
from serve.report_files import DOWNLOAD, HOSTILE, hostile_names, read_csv, report, rows_of_csv

Tool = Any
LISTED = (
    "student_number",
    "name",
    "section_name",
    "roll_number",
    "average_score",
    "average_if_missing_zero",
    "letter",
    "status",
    "attendance_percentage",
    "attendance_percentage_unexcused",
    "graded_count",
    "missing_count",
    "total_subjects",
    "passed_subjects",
    "failed_subjects",
)


def as_field(value: Any) -> str:
    return "" if value is None else as_text(value) if isinstance(value, str) else str(value)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "status=pass",
        "status=no_data",
        "min_average=45&max_average=80",
        "attendance_below=80",
        "q=student 01",
        "sort=average&order=desc",
        "sort=attendance",
        "sort=roll_number&order=desc",
        "section_id=1",
        "section_id=1&section_id=4",
        "subject_id=2",
        "subject_id=1&sort=average",
        "term=2",
        "section_id=4&term=1",
    ],
)
@pytest.mark.parametrize("educator_id", [1, 3])
async def test_the_export_is_the_screen(reader: Client, query: str, educator_id: int) -> None:
    # numbers as the API writes them, with all their places
    answer = await reader.get(f"/students?{query}&limit=500", educator_id)
    screen = msgspec.json.Decoder(float_hook=str).decode(answer.content)
    exported = await rows_of_csv(reader, query, educator_id)
    assert [[row[name] for name in LISTED] for row in exported] == [
        [as_field(item[name]) for name in LISTED] for item in screen["items"]
    ]
    assert len({(row["as_of"], row["as_of_time"]) for row in exported}) <= 1


def test_a_report_takes_every_filter_of_the_list() -> None:
    names = {field.name for field in msgspec.structs.fields(Filters)} - {"limit", "cursor"}
    taken = {field.name for field in msgspec.structs.fields(ReportQuery)}
    assert names | {"report", "format", "student_id"} == taken
    filters = ReportQuery(section_id=(1,), sort="average", order="desc", q="x", term=2).filters(
        "section"
    )
    assert (filters.section_id, filters.sort, filters.order) == ((1,), "average", "desc")
    assert (filters.q, filters.term) == ("x", 2)


async def test_every_row_says_what_it_is_as_of(reader: Client) -> None:
    response = await report(reader, "section_id=1")
    header = response.content.decode("utf-8-sig").split("\r\n")[0].split(",")
    assert header[-2:] == ["as_of", "as_of_time"]
    rows = read_csv(response.content)
    assert len(rows) == 12
    assert all(row["as_of"] and row["as_of_time"].endswith("Z") for row in rows)


async def test_a_csv_is_utf_8_with_a_mark_and_crlf_and_unknown_is_empty(reader: Client) -> None:
    response = await report(reader, "section_id=1")
    assert response.content.startswith(b"\xef\xbb\xbfstudent_number,")
    assert response.content.endswith(b"\r\n")
    assert response.content.count(b"\n") == response.content.count(b"\r\n") == 13
    nobody = next(row for row in read_csv(response.content) if row["status"] == "no_data")
    assert (nobody["average_score"], nobody["letter"], nobody["graded_count"]) == ("", "", "0")


async def test_a_subject_report_has_what_each_standing_has_in_that_subject(reader: Client) -> None:
    rows = await rows_of_csv(reader, "subject_id=2&sort=name")
    student = await reader.read("/student/1")
    assert not any(of["subject_id"] == 2 for of in student["subject_grades"])
    assert (rows[0]["subject_percentage"], rows[0]["subject_letter"]) == ("", "")
    rows = await rows_of_csv(reader, "subject_id=1&section_id=1&report=subject")
    by_name = {row["name"]: row for row in rows}
    figures = next(
        of for of in student["subject_grades"] if of["subject_id"] == 1 and of["section_id"] == 1
    )
    first = by_name[student["name"]]
    assert float(first["subject_percentage"]) == figures["percentage"]
    assert first["subject_letter"] == figures["grade_letter"]


async def test_a_student_report_has_a_row_a_grade_over_what_the_viewer_may_see(
    reader: Client,
) -> None:
    for educator_id, sections in (
        (1, {"10-A", "9-A"}),
        (2, {"10-B"}),
        (3, {"10-A", "10-B", "9-A"}),
    ):
        rows = await rows_of_csv(reader, "student_id=1", educator_id)
        student = await reader.read("/student/1", educator_id)
        grades = [grade for of in student["subject_grades"] for grade in of["grades"]]
        assert [(row["exam_name"], float(row["score"])) for row in rows] == [
            (grade["exam_name"], grade["score"]) for grade in grades
        ]
        assert {row["section_name"] for row in rows} == sections
        assert all(row["as_of"] == student["as_of"] for row in rows)


async def test_an_empty_result_is_the_header_alone(reader: Client) -> None:
    for educator_id, query in ((7, ""), (1, "q=nobody"), (1, "min_average=80&max_average=10")):
        response = await report(reader, query, educator_id)
        assert response.content.count(b"\r\n") == 1
        for form in ("xlsx", "pdf"):
            await report(reader, f"{query}&format={form}", educator_id)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "overview"),
        ("section_id=1", "10-a"),
        ("section_id=1&report=overview", "overview"),
        ("subject_id=1", "mathematics"),
        ("subject_id=1&section_id=1", "10-a"),
        ("subject_id=1&section_id=1&report=subject", "mathematics"),
        ("student_id=1", "student-001"),
    ],
)
async def test_what_is_asked_for_says_which_report_it_is(
    reader: Client, query: str, name: str
) -> None:
    response = await report(reader, query)
    assert response.headers["content-disposition"].startswith(f'attachment; filename="{name}-20')
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert int(response.headers["content-length"]) == len(response.content)


@pytest.mark.parametrize(
    "query",
    [
        "report=section",
        "report=section&section_id=1&section_id=4",
        "report=subject",
        "report=subject&subject_id=1&subject_id=2",
        "report=student",
        "report=overview&student_id=1",
        "student_id=1&status=pass",
        "student_id=1&section_id=1",
        "report=all",
        "format=docx",
        "format=pdf&format=csv",
        "limit=5",
        "cursor=x",
        "sections=1",
        "min_average=NaN",
        "student_id=0",
    ],
)
async def test_what_makes_no_sense_is_a_problem_that_says_why(reader: Client, query: str) -> None:
    answer = await reader.get(f"{DOWNLOAD}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 20
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "query", ["section_id=2", "section_id=99", "section_id=1&section_id=2", "subject_id=3",
              "student_id=20", "student_id=999", "term=3"]
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
async def test_what_is_not_theirs_is_404_and_leaves_no_trace(
    reader: Client, query: str, form: str
) -> None:
    before = await disclosed(reader)
    answer = await reader.get(f"{DOWNLOAD}?{query}&format={form}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "content-disposition" not in answer.headers
    assert await disclosed(reader) == before


async def disclosed(client: Client) -> int:
    """How many reports the log holds."""
    answer = await client.http.get("/api/v1/disclosures?limit=1", headers=client.as_(4))
    total: int = answer.json()["total"]
    return total


async def test_nobody_gets_nothing(reader: Client) -> None:
    for form in ("csv", "xlsx", "pdf"):
        answer = await reader.http.get(f"{API}{DOWNLOAD}?format={form}")
        assert answer.status_code == 401
    assert (await reader.get(DOWNLOAD, 5)).status_code == 401


async def test_a_link_in_a_page_downloads_with_the_cookie(client: Client) -> None:
    await client.http.post(
        "/api/v1/auth/login", json={"email": "ann@north.school", "password": PASSWORD}
    )
    cookie = client.http.cookies.get("classpulse_token")
    client.http.cookies.clear()
    answer = await client.http.get(
        f"{API}{DOWNLOAD}?section_id=1", headers={"Cookie": f"classpulse_token={cookie}"}
    )
    assert answer.status_code == 200
    assert len(read_csv(answer.content)) == 12


async def test_a_section_taken_away_while_the_report_waits_is_404(
    client: Client, tool: Tool
) -> None:
    turns = client.app.state.report_limits.turns["pdf"]
    async with turns:
        waiting = asyncio.create_task(client.get(f"{DOWNLOAD}?section_id=1&format=pdf"))
        while turns.statistics().tasks_waiting == 0:
            await asyncio.sleep(0.005)
        await tool.execute("delete from section_educators where educator_id = 1")
    answer = await waiting
    assert answer.status_code == 404
    assert await disclosed(client) == 0


async def test_who_was_deactivated_while_the_report_waits_gets_401(
    client: Client, tool: Tool
) -> None:
    turns = client.app.state.report_limits.turns["xlsx"]
    async with turns:
        waiting = asyncio.create_task(client.get(f"{DOWNLOAD}?format=xlsx"))
        while turns.statistics().tasks_waiting == 0:
            await asyncio.sleep(0.005)
        await tool.execute("update educators set is_active = false where id = 1")
    assert (await waiting).status_code == 401


async def test_a_turn_that_does_not_come_is_a_503_to_come_back_after(client: Client) -> None:
    press = client.app.state.report_limits
    press._patience = 0.05
    async with press.turns["pdf"]:
        answer = await asyncio.create_task(client.get(f"{DOWNLOAD}?format=pdf"))
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert (await client.get(f"{DOWNLOAD}?format=pdf")).status_code == 200


@pytest.mark.parametrize(("form", "file"), [("csv", CsvFile), ("xlsx", XlsxFile), ("pdf", PdfFile)])
async def test_a_database_that_fails_in_the_middle_is_a_problem_and_not_a_part_of_a_file(
    client: Client, tool: Tool, monkeypatch: pytest.MonkeyPatch, form: str, file: Any
) -> None:
    monkeypatch.setattr(list_report, "BATCH", 3)
    batches = 0
    write = file.write

    def write_and_cut_off(self: Any, rows: list[Any]) -> None:
        nonlocal batches
        write(self, rows)
        batches += 1
        if batches == 2:
            anyio.from_thread.run(
                tool.execute,
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'classpulse serve' and datname = current_database()",
            )

    monkeypatch.setattr(file, "write", write_and_cut_off)
    answer = await client.get(f"{DOWNLOAD}?section_id=1&format={form}")
    assert batches == 2
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert await disclosed(client) == 0
    assert await tool.fetchval("select count(*) from classpulse.disclosures") == 0
    assert (await client.get(f"{DOWNLOAD}?section_id=1&format={form}")).status_code == 200


async def test_a_report_that_can_not_be_written_down_does_not_leave(
    client: Client, tool: Tool
) -> None:
    await tool.execute("alter table classpulse.disclosures add constraint full_now check (false)")
    answer = await client.get(DOWNLOAD)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"Student" not in answer.content


async def many(tool: Tool, n: int, first: int = 10_000) -> None:
    """So many more students in section 1."""
    await tool.execute(
        "insert into students (id, school_id, student_number, first_name, last_name)"
        f" select n, 1, 'M' || n, 'Many', n from generate_series({first}, {first + n - 1}) as n"
    )
    await tool.execute(
        "insert into enrollments (student_id, section_id, roll_number)"
        f" select n, 1, 1 from generate_series({first}, {first + n - 1}) as n"
    )
    await tool.execute("call performance_wait(timeout => '60 s')")


async def test_memory_does_not_grow_with_the_rows(client: Client, tool: Tool) -> None:
    """What a report takes at most, of 2,000 rows and of 20,000; no one has analyzed the tables."""
    peaks: dict[tuple[str, int], int] = {}
    for form in ("csv", "xlsx"):
        await report(client, f"format={form}&section_id=4")
    for rows, new, first in ((2_000, 2_000, 10_000), (20_000, 18_000, 20_000)):
        await many(tool, new, first)
        for form in ("csv", "xlsx"):
            peaks[form, rows] = await peak_of(client, f"sort=average&format={form}")
    for form in ("csv", "xlsx"):
        assert peaks[form, 20_000] < 2 * peaks[form, 2_000], peaks


async def peak_of(client: Client, query: str) -> int:
    """Bytes that Python held at most while a report was made, without the answer's own."""
    tracemalloc.start()
    try:
        size = 0
        async with client.http.stream(
            "GET", f"{API}{DOWNLOAD}?{query}", headers=client.as_(1)
        ) as response:
            assert response.status_code == 200
            size = int(response.headers["content-length"])
        return tracemalloc.get_traced_memory()[1] - size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "\u200b=1", "\n-1", "＝1",
             "\ufeff@x", "\tplain", "\rplain", "-"]
)  # fmt: skip
def test_no_text_is_a_formula(text: str) -> None:
    assert as_text(text) == "'" + text


@pytest.mark.parametrize("text", ["A+", "O'Brien", "1-2", "x=1", "", " ", "–", "10-A", "a@b.c"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert as_text(text) == text


async def test_hostile_names_go_through_a_csv_unharmed(client: Client, tool: Tool) -> None:
    await hostile_names(tool)
    await tool.execute("update sections set name = E'Quote \" comma, \\r\\n line; =2' where id = 1")
    await tool.execute("call performance_wait(timeout => '10 s')")
    rows = await rows_of_csv(client, "section_id=1")
    expected = {as_text(f"{first} {last}".strip()) for first, last in HOSTILE}
    assert {row["name"] for row in rows} == expected
    assert {row["section_name"] for row in rows} == {'Quote " comma, \r\n line; =2'}
    assert not any(
        value.lstrip()[:1] in ("=", "+", "-", "@") for row in rows for value in row.values()
    )


@pytest.mark.parametrize(
    "name",
    ['A"; filename="x.exe', "a\r\nSet-Cookie: x=1", "../../etc/passwd", "محمد", "😀", "x" * 500,
     "\u202egpj.exe", "%0d%0a", "CON", ".", ""],
)  # fmt: skip
async def test_a_hostile_section_breaks_no_header(client: Client, tool: Tool, name: str) -> None:
    await tool.execute("update sections set name = $1 where id = 1", name)
    response = await report(client, "section_id=1")
    assert "set-cookie" not in response.headers
    header = response.headers["content-disposition"]
    assert header.isascii()
    message = httpx2.Headers({"content-disposition": header})["content-disposition"]
    plain, _, extended = message.partition("; filename*=UTF-8''")
    assert plain.count('"') == 2
    assert plain.startswith('attachment; filename="')
    assert plain.endswith('.csv"')
    assert not set(extended) & set('"\\/;, \r\n')
    assert len(header) < 1200


def test_a_files_name_is_readable_and_has_a_twin_in_ascii() -> None:
    name = file_name("Class 10-A / Größe", date(2025, 10, 20), "csv")
    assert name == "Class 10-A Größe-2025-10-20.csv"
    assert disposition(name) == (
        'attachment; filename="class-10-a-groe-2025-10-20.csv"; '
        "filename*=UTF-8''Class%2010-A%20Gr%C3%B6%C3%9Fe-2025-10-20.csv"
    )
    assert 'filename="report-2025-10-20.csv"' in disposition(
        file_name("王", date(2025, 10, 20), "csv")
    )
