"""Reports on many: an overview, a section or a subject, with a list of standings."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec

from classpulse.serve.api import overview, sections, subjects
from classpulse.serve.api.students import every_standing, sections_asked, sorted_by
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.reports import columns
from classpulse.serve.reports.content import Chart, Content, Figure, Report, Table, several
from classpulse.serve.reports.disclosures import schools_concerned
from classpulse.serve.reports.draft import Draft, stamp_of
from classpulse.serve.reports.filter_labels import filters_in_words, narrows
from classpulse.serve.reports.report_query import ReportQuery
from classpulse.serve.snapshot import Reader, Row
from classpulse.sql import queries

BATCH = 1000
_SQL = queries("reports")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_NARROWED = "Figures and chart are of all standings of these sections, the list of those that pass"


async def list_report(reader: Reader, viewer: Viewer, asked: ReportQuery, report: Report) -> Draft:
    """Figures of the sections asked for, and their standings as ``GET …/students`` lists them.

    404 where a filter names what is not the viewer's.
    """
    filters = asked.filters(report)
    in_subject = filters.basis == "subject"
    of_sections = await sections_asked(reader, viewer, filters)
    if asked.subject_id:
        row = await reader.only(
            _SQL["teaching"], sections=of_sections, subjects=list(asked.subject_id)
        )
        of_sections = row["section_ids"]
    schools = await schools_concerned(
        reader,
        viewer,
        sections=of_sections,
        asked_sections=list(asked.section_id),
        subjects=list(asked.subject_id),
        term=asked.term,
    )
    stamp, school_names = await stamp_of(reader, schools, of_sections)
    names = await reader.only(
        _SQL["names"],
        sections=list(asked.section_id),
        subjects=list(asked.subject_id),
        term=asked.term,
    )
    figures, letters, before = await _summary(reader, viewer, asked, report, of_sections)
    # the plan of the list is made when it is opened, and holds until its end
    await reader.one(_SQL["expect_many"])
    order = await sorted_by(reader, of_sections, filters.sort)
    total, batches = await _list(every_standing(reader, of_sections, filters, order, size=BATCH))
    await reader.one(_SQL["expect_any"])
    words = filters_in_words(asked, names, order.sort, in_subject=in_subject)
    if narrows(asked):
        figures.append(Figure("In this list", total, "whole"))
        words.append(_NARROWED)
    content = Content(
        report=report,
        title=_title(report, names),
        about=several(school_names, 3),
        stamp=stamp,
        viewer_name=viewer.name,
        filters=words,
        figures=figures,
        chart=Chart(
            "How many standings have which letter", "Letter", "Standings", letters, "whole"
        ),
        before=before,
        main=Table(
            "Students",
            columns.students(in_subject=in_subject, of_one_section=len(of_sections) == 1),
            [],
        ),
        total=total,
    )
    return Draft(content, batches, schools)


def _title(report: Report, names: Row) -> str:
    match report:
        case "section":
            return str(names["section_names"][0])
        case "subject":
            return str(names["subject_names"][0])
        case _:
            return "Overview"


async def _list(
    batches: AsyncIterator[list[Row]],
) -> tuple[int, AsyncIterator[list[Row]]]:
    """How many standings there are, known with the first of them, and all of them."""
    first = await anext(batches)
    total: int = first[0]["total"]

    async def every() -> AsyncIterator[list[Row]]:
        batch: list[Row] | None = first
        while batch:
            yield [row | _in_subject(row) for row in batch if row["id"] is not None]
            batch = await anext(batches, None)

    return total, every()


def _in_subject(row: Row) -> Row:
    return {"subject_percentage": row["own_average"], "subject_letter": row["own_letter"]}


async def _summary(
    reader: Reader, viewer: Viewer, asked: ReportQuery, report: Report, of_sections: list[int]
) -> tuple[list[Figure], dict[str, int], list[Table]]:
    section_rows = await sections.summaries_of(reader, of_sections)
    if report == "subject":
        return await _summary_of_subject(reader, viewer, asked.subject_id[0], section_rows)
    subject_rows = await subjects.summaries_of(reader, of_sections)
    if asked.subject_id:
        subject_rows = [row for row in subject_rows if row["subject_id"] in asked.subject_id]
    totals, letters = await overview.totals_of(reader, viewer, of_sections)
    figures = _figures_of_sections(totals)
    if report == "section" and section_rows:
        figures += _extremes(section_rows[0])
    return (
        figures,
        _decoded(letters),
        [
            Table("Sections", columns.SECTIONS, section_rows, on_page=report == "overview"),
            Table("Subjects", columns.SUBJECTS, subject_rows),
        ],
    )


async def _summary_of_subject(
    reader: Reader, viewer: Viewer, subject_id: int, section_rows: list[Row]
) -> tuple[list[Figure], dict[str, int], list[Table]]:
    of_sections = [row["section_id"] for row in section_rows]
    row = await subjects.subject_in(reader, of_sections, subject_id)
    if row is None:
        row = await subjects.without_figures(reader, viewer, subject_id)
    attendance = {of["section_id"]: of["attendance_average"] for of in section_rows}
    each: list[Row] = [
        of | {"attendance_average": attendance[of["section_id"]]}
        for of in row["sections_performance"]
    ]
    return (
        _figures_of_subject(row),
        _decoded(row["grade_distribution"]),
        [
            Table("Sections", columns.SECTIONS, each),
            Table("Subjects", columns.SUBJECTS, [row], on_page=False),
        ],
    )


def _figures_of_sections(row: Row) -> list[Figure]:
    return [
        Figure("Students", row["total_students"], "whole"),
        Figure("Standings", row["standings"], "whole"),
        Figure("Average", row["overall_average"], "percent"),
        Figure("Pass rate", row["overall_pass_rate"], "percent"),
        Figure("Passed", row["passed_students"], "whole"),
        Figure("Failed", row["failed_students"], "whole"),
        Figure("No data", row["no_data"], "whole"),
        Figure("Attendance", row["percentage"], "percent"),
        Figure("Unexcused attendance", row["percentage_unexcused"], "percent"),
        Figure("Chronically absent", row["chronically_absent"], "whole"),
    ]


def _figures_of_subject(row: Row) -> list[Figure]:
    return [
        Figure("Students", row["total_students"], "whole"),
        Figure("Standings", row["standings"], "whole"),
        Figure("Average", row["average_score"], "percent"),
        Figure("Pass rate", row["pass_rate"], "percent"),
        Figure("Passed", row["passed_students"], "whole"),
        Figure("Failed", row["failed_students"], "whole"),
        Figure("No data", row["no_data"], "whole"),
        Figure("Attendance", row["attendance_average"], "percent"),
        *_extremes(row),
    ]


def _extremes(row: Row) -> list[Figure]:
    return [
        Figure("Highest average", row["highest_score"], "percent"),
        Figure("Lowest average", row["lowest_score"], "percent"),
    ]


def _decoded(raw: msgspec.Raw) -> Any:
    return _DECODER.decode(bytes(raw))
