"""Reports as workbooks, read back."""

import zipfile
from io import BytesIO
from typing import Any

from classpulse.serve.reports.xlsx_summary import cell_text
from serve.conftest import Client
from serve.report_files import HOSTILE, hostile_names, report, workbook

Tool = Any


def rows_of(sheet: Any) -> list[dict[str, Any]]:
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def figures_of(book: Any) -> dict[str, Any]:
    return {row[0].value: row[1].value for row in book["Summary"].iter_rows(max_col=2)}


async def test_a_list_is_a_book_of_four_sheets(reader: Client) -> None:
    for query in ("", "section_id=1", "subject_id=1"):
        book = await workbook(reader, query)
        assert book.sheetnames == ["Summary", "Sections", "Subjects", "Students"]
    book = await workbook(reader, "student_id=1")
    assert book.sheetnames == ["Summary", "Sections", "Subjects", "Grades", "Attendance"]


async def test_its_rows_are_those_of_the_screen_as_numbers(reader: Client) -> None:
    query = "sort=average&order=desc&min_average=45"
    screen = await reader.read(f"/students?{query}")
    rows = rows_of((await workbook(reader, query))["Students"])
    titles = ("Number", "Average", "Letter", "Attendance %")
    names = ("student_number", "average_score", "letter", "attendance_percentage")
    assert [[row[title] for title in titles] for row in rows] == [
        [item[name] for name in names] for item in screen["items"]
    ]
    assert all(isinstance(row["Average"], int | float) for row in rows)


async def test_unknown_is_an_empty_cell(reader: Client) -> None:
    rows = rows_of((await workbook(reader, "status=no_data"))["Students"])
    assert [(row["Average"], row["Letter"], row["Result"], row["Graded"]) for row in rows] == [
        (None, None, "No data", 0)
    ]
    summary = figures_of(await workbook(reader, "q=x", 7))
    assert (summary["Students"], summary["Average"], summary["Pass rate"]) == (0, None, None)


async def test_numbers_have_two_places_and_tables_a_frozen_head_with_a_filter(
    reader: Client,
) -> None:
    book = await workbook(reader, "section_id=1")
    for name in ("Sections", "Subjects", "Students"):
        sheet = book[name]
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert sheet.column_dimensions["B"].width >= 12
    students = book["Students"]
    head = [cell.value for cell in students[1]]
    assert students.cell(2, head.index("Average") + 1).number_format == "0.00"
    assert students.column_dimensions["B"].width > 25


async def test_the_summary_says_what_it_is_of_and_has_the_figures_and_a_chart(
    reader: Client,
) -> None:
    section = await reader.read("/section/1", 3)
    book = await workbook(reader, "section_id=1&status=fail&attendance_below=101", 3)
    summary = book["Summary"]
    texts = [row[0] for row in summary.iter_rows(max_col=1, values_only=True) if row[0]]
    assert texts[0] == "10-A"
    assert texts[1] == "North"
    assert texts[2].startswith("As of ")
    assert texts[2].endswith("(UTC)")
    assert texts[3].startswith("Made for Head on ")
    assert {"Section: 10-A", "Only those failing", "Attendance below 101%"} <= set(texts)
    figures = figures_of(book)
    assert figures["Standings"] == section["total_students"]
    assert figures["Average"] == section["average_score"]
    assert figures["Pass rate"] == section["pass_rate"]
    assert figures["Highest average"] == section["highest_score"]
    assert figures["In this list"] == book["Students"].max_row - 1
    assert {letter: figures[letter] for letter in section["grade_distribution"]} == section[
        "grade_distribution"
    ]
    (chart,) = summary._charts
    assert chart.tagname == "barChart"
    assert chart.series[0].val.numRef.f.startswith("Summary!$B$")


async def test_a_subject_is_that_of_the_screen(reader: Client) -> None:
    subject = await reader.read("/subject/1", 3)
    figures = figures_of(await workbook(reader, "subject_id=1", 3))
    for label, name in (
        ("Students", "total_students"), ("Average", "average_score"), ("No data", "no_data"),
        ("Pass rate", "pass_rate"), ("Attendance", "attendance_average"),
    ):  # fmt: skip
        assert figures[label] == subject[name], label


async def test_a_student_has_their_attendance_and_averages(reader: Client) -> None:
    student = await reader.read("/student/1", 3)
    book = await workbook(reader, "student_id=1", 3)
    assert book["Attendance"].max_row - 1 == student["attendance"]["total"]
    assert [row["Average"] for row in rows_of(book["Subjects"])] == [
        of["percentage"] for of in student["subject_grades"]
    ]
    figures = figures_of(book)
    assert figures["Mean of 3 sections"] == student["average_score"]
    dates = [row["Date"].date().isoformat() for row in rows_of(book["Attendance"])]
    assert dates == sorted(dates, reverse=True)


async def test_text_is_text_and_never_a_formula_or_a_link(client: Client, tool: Tool) -> None:
    await hostile_names(tool)
    await tool.execute("update sections set name = '=HYPERLINK(\"http://a.test\")' where id = 1")
    await tool.execute("update students set student_number = '007' where id = 1")
    await tool.execute("call performance_wait(timeout => '10 s')")
    response = await report(client, "format=xlsx&section_id=1")
    book = await workbook(client, "section_id=1")
    names = {row["Name"] for row in rows_of(book["Students"])}
    expected = {f"{first} {last}".strip() for first, last in HOSTILE}
    plain = {name.replace("\u0001", "").replace("\ufffe", "\ufffd") for name in expected}
    assert {name.replace("_x0001_", "") for name in names} == plain
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate)
                assert cell.hyperlink is None
    numbers = {row["Number"] for row in rows_of(book["Students"])}
    assert "007" in numbers
    with zipfile.ZipFile(BytesIO(response.content)) as parts:
        assert not any("externalLink" in name for name in parts.namelist())
        assert b"<f>" not in b"".join(
            parts.read(name) for name in parts.namelist() if "worksheets/sheet" in name
        )


async def test_a_text_longer_than_a_cell_is_cut_and_says_so(client: Client, tool: Tool) -> None:
    await tool.execute("update grades set remarks = repeat('x', 40000) where student_id = 2")
    await tool.execute("call performance_wait(timeout => '10 s')")
    rows = rows_of((await workbook(client, "student_id=2"))["Grades"])
    # a remark comes with fewer characters than a cell has; other texts are cut by the sheet
    assert rows
    assert all(row["Remarks"].endswith("x…") and len(row["Remarks"]) == 2000 for row in rows)
    assert cell_text("x" * 32767) == "x" * 32767
    assert cell_text("x" * 32768) == "x" * 32766 + "…"
