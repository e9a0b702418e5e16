"""Reports to print: what stands on the pages, and that names of every script do."""

import re
import shutil
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from absent import absent
from pypdf import PdfReader

from classpulse.serve.reports import download
from classpulse.serve.reports.pdf import typesetting
from classpulse.serve.reports.pdf.direction import in_order
from classpulse.serve.reports.pdf.fonts import first_font, font_of
from serve.conftest import Client
from serve.report_files import DOWNLOAD, HOSTILE, hostile_names, pages, report

Tool = Any


async def more_students(tool: Tool, n: int) -> None:
    await tool.execute(
        "insert into students (id, school_id, student_number, first_name, last_name)"
        f" select n, 1, 'M' || n, 'Many', n from generate_series(1000, {999 + n}) as n;"
        "insert into enrollments (student_id, section_id, roll_number)"
        f" select n, 1, n from generate_series(1000, {999 + n}) as n"
    )
    await tool.execute("call performance_wait(timeout => '30 s')")


async def test_a_page_says_what_it_is_of_as_of_when_and_for_whom(
    client: Client, tool: Tool
) -> None:
    await tool.execute("update schools set time_zone = 'Asia/Kolkata' where id = 1")
    await tool.execute("call performance_wait(timeout => '10 s')")
    section = await client.read("/section/1")
    (first, *_) = await pages(client, "section_id=1&status=fail&sort=average&order=desc")
    today = datetime.now(UTC)
    for text in (
        "10-A", "North", "As of ", "(Asia/Kolkata)", str(today.year), "Only those failing",
        "by average, highest first", "Made for Ann on ", f"{section['average_score']:.2f}%",
        f"{section['pass_rate']:.2f}%", "How many standings have which letter",
    ):  # fmt: skip
        assert text in first, text
    for letter, count in section["grade_distribution"].items():
        assert re.search(rf"(?m)^{count}$", first), (letter, count)


async def test_its_rows_are_those_of_the_screen_in_their_order(reader: Client) -> None:
    query = "sort=average&order=desc&min_average=45"
    screen = (await reader.read(f"/students?{query}"))["items"]
    text = "\n".join(await pages(reader, query))
    printed = re.findall(r"(?m)^(N\d+) .*?(\d+\.\d\d) (\d+\.\d\d) (\S+) (Pass|Fail)", text)
    assert [(number, average, letter) for number, average, _, letter, _ in printed] == [
        (item["student_number"], f"{item['average_score']:.2f}", item["letter"]) for item in screen
    ]


async def test_heads_are_repeated_and_pages_are_numbered(client: Client, tool: Tool) -> None:
    await more_students(tool, 120)
    found = await pages(client, "section_id=1")
    assert len(found) > 3
    for number, text in enumerate(found, 1):
        assert f"Page {number} of {len(found)}" in text
        assert "Made for Ann on" in text
        # of two columns: the average with missing work as 0, and how much of it there is
        assert text.count("Missing") == 2
        if number > 1:
            assert text.startswith("10-A · As of ")
    assert sum(len(re.findall(r"(?m)^M1\d\d\d ", text)) for text in found) == 120


async def test_unknown_is_a_dash_and_never_0(reader: Client) -> None:
    text = "\n".join(await pages(reader, "section_id=1&status=no_data"))
    row = next(line for line in text.splitlines() if line.startswith("N12 "))
    assert re.search(r" – – – No data ", row), row
    empty = "\n".join(await pages(reader, "", 7))
    assert "There is none." in empty
    assert "–" in empty
    assert "0.00" not in empty


async def test_a_student_has_a_bar_for_each_subject_and_every_table(reader: Client) -> None:
    student = await reader.read("/student/1", 3)
    text = "\n".join(await pages(reader, "student_id=1", 3))
    for word in ("Student 001", "Average by subject", "Grades", "Attendance", "Sections"):
        assert word in text
    for of in student["subject_grades"]:
        assert f"{of['percentage']:.2f}%" in text


async def test_a_student_has_a_line_from_three_weeks_on(client: Client, tool: Tool) -> None:
    assert "week by week" not in "\n".join(await pages(client, "student_id=30", 6))
    await tool.execute(
        "update terms set starts_on = current_date - 60 where id = 1;"
        "insert into grades (student_id, section_id, subject_id, score, graded_on)"
        " values (2, 1, 1, 50, current_date - 35)"
    )
    await tool.execute("call performance_wait(timeout => '20 s')")
    text = "\n".join(await pages(client, "student_id=2"))
    assert "Average, week by week" in text
    points = (await client.read("/trends?of=student&id=2"))["points"]
    assert len(points) >= 5
    first = f"{datetime.fromisoformat(points[0]['date']):%B %-d}"
    assert f"Weeks of {first} to " in text
    assert f"at the end {points[-1]['value']:.2f}%" in text


async def test_on_paper_attendance_is_what_was_not_present(reader: Client) -> None:
    student = await reader.read("/student/1", 3)
    recorded = student["attendance"]
    assert (recorded["present"], recorded["total"]) == (9, 13)
    text = "\n".join(await pages(reader, "student_id=1", 3))
    assert "Attendance: present 9 of 13 times; all others" in text
    of_days = text[text.index("all others") :]
    assert of_days.count("Absent") == recorded["absent"] == 3
    assert of_days.count("Excused") == 1
    assert "Present" not in of_days


async def test_markup_is_text(client: Client, tool: Tool) -> None:
    await hostile_names(tool)
    await tool.execute("update sections set name = '<b>A</b> & <para>&amp;<br/>' where id = 1")
    await tool.execute("call performance_wait(timeout => '10 s')")
    text = "\n".join(await pages(client, "section_id=1"))
    assert "<b>A</b> & <para>&amp;<br/>" in text
    assert "O'Brien</script>" in text
    assert "=1+1 Formula" in text


async def test_names_of_every_script_are_on_the_page(client: Client, tool: Tool) -> None:
    """As a reader of PDF files gives them back, right-to-left ones in their logical order."""
    if shutil.which("pdftotext") is None:
        absent("pdftotext", "poppler-utils")
    await hostile_names(tool)
    response = await report(client, "format=pdf&section_id=1")
    done = await anyio.run_process(["pdftotext", "-layout", "-", "-"], input=response.content)
    text = re.sub("[\u202a-\u202e\u2066-\u2069]", "", done.stdout.decode())
    for name in ("محمد", "عبد", "שלום כהן", "😀", "Nguyễn Thị Ánh", "Ελένη Ёжик", "王"):
        assert name in text, name


async def test_a_name_of_200_letters_stays_in_its_column(client: Client, tool: Tool) -> None:
    await hostile_names(tool)
    response = await report(client, "format=pdf&section_id=1&q=LLLL")
    places: list[tuple[float, str]] = []

    def visit(text: str, _: Any, matrix: list[float], *__: Any) -> None:
        places.append((matrix[4], text))

    page = PdfReader(BytesIO(response.content)).pages[-1]
    page.extract_text(visitor_text=visit)
    width = float(page.mediabox.width)
    assert "".join(text for _, text in places).count("L") >= 200
    for x, text in places:
        if "L" * 9 in text:
            longest = max(typesetting.lines(line, 8, 10_000)[0].length(8)
                          for line in text.split("\n"))  # fmt: skip
            assert x + longest < width / 2, (x, longest)


async def test_no_row_runs_off_its_page(client: Client, tool: Tool) -> None:
    await tool.execute("update sections set name = repeat('W', 5000) where id = 1")
    await tool.execute("update students set student_number = id || repeat('M', 3000) where id < 9")
    await tool.execute("call performance_wait(timeout => '10 s')")
    response = await report(client, "format=pdf&subject_id=1&report=subject", 3)
    lowest = 1000.0

    def visit(text: str, _: Any, matrix: list[float], *__: Any) -> None:
        nonlocal lowest
        if text.strip() and "Page" not in text and "Made for" not in text:
            lowest = min(lowest, matrix[5])

    for page in PdfReader(BytesIO(response.content)).pages:
        page.extract_text(visitor_text=visit)
    assert 56 <= lowest < 400


def test_a_line_is_never_longer_than_its_room() -> None:
    for text in (
        "L" * 300,
        "word " * 60,
        "محمد " * 40,
        "王" * 99,
        "👩\u200d🎓" * 30,
        "a\u0301" * 90,
    ):
        for width in (4.0, 20.0, 90.0, 500.0):
            laid = typesetting.lines(text, 8, width)
            one = max(typesetting.lines(cluster, 8, 1000)[0].length(8) for cluster in
                      typesetting._clusters(text))  # fmt: skip
            assert all(line.length(8) <= max(width, one) + 0.01 for line in laid)
            assert typesetting.line(text, 8, max(width, 20.0)).length(8) <= max(width, 20.0) + one


@pytest.mark.parametrize(
    ("text", "rtl", "expected"),
    [
        ("Ann 12", False, ["Ann 12"]),
        ("שלום", True, ["שלום"]),
        ("שלום Tel 12", True, ["Tel 12", "שלום "]),
        ("שלום (Tel Aviv)", True, [")", "Tel Aviv", "שלום ("]),
        ("Class שלום b", False, ["Class ", "שלום", " b"]),
        ("محمد 10", True, ["10", "محمد "]),
        ("כיתה (א) 3", True, ["3", "כיתה (א) "]),
    ],
)
def test_mixed_text_is_ordered_as_unicode_has_it(text: str, rtl: bool, expected: list[str]) -> None:
    assert [part for part, _ in in_order(text, rtl=rtl)] == expected


def test_arabic_letters_join() -> None:
    font = font_of("م")
    assert font is not None
    joined = [glyph.code for glyph in font.shaped("ممم", rtl=True)]
    alone = [glyph.code for glyph in font.shaped("م", rtl=True)]
    assert len({*joined, *alone}) == 4


@pytest.mark.parametrize(
    "text",
    [
        "ÀŐŽșß",
        "Nguyễn Thị Ánh ữợ",
        "Ελλάδα ῆ",
        "Ёжик Їґ",
        "محمد",
        "שָׁלוֹם",
        "😀🎓👩\u200d🎓",
        "–…’“”",
    ],
)
def test_there_is_a_glyph_for_every_script_promised(text: str) -> None:
    for cluster in typesetting._clusters(text):
        font = font_of(cluster)
        assert font is not None, cluster
        assert "noto" in font.name.lower()


def test_what_no_font_has_is_a_sign_and_not_nothing() -> None:
    (line,) = typesetting.lines("\U000105c0", 8, 100)
    (run,) = line.runs
    assert run.font is first_font()
    assert run.actual == "\U000105c0"
    assert run.width > 300


async def test_more_rows_than_anybody_prints_are_refused_with_the_way_out(
    client: Client, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, media_type, _ = download._FILES["pdf"]
    monkeypatch.setitem(download._FILES, "pdf", (kind, media_type, 10))
    answer = await client.get(f"{DOWNLOAD}?format=pdf")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "at most 10 rows" in answer.json()["detail"]
    assert "format=csv" in answer.json()["detail"]
    assert (await client.get(f"{DOWNLOAD}?format=pdf&q=Student 001")).status_code == 200


async def test_a_page_is_drawn_in_the_fonts_that_it_carries(
    client: Client, tool: Tool, tmp_path: Path
) -> None:
    await hostile_names(tool)
    assert len(HOSTILE) == 12
    response = await report(client, "format=pdf&section_id=1")
    reader = PdfReader(BytesIO(response.content))
    fonts = {
        font["/BaseFont"]: font["/FontDescriptor"]
        for page in reader.pages
        for font in (of.get_object() for of in page["/Resources"]["/Font"].values())
        if "/FontDescriptor" in font
    }
    assert len(fonts) >= 3
    assert all("/FontFile2" in descriptor for descriptor in fonts.values())
