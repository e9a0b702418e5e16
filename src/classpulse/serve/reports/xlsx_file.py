"""A report as a workbook: a summary with a native chart, and a sheet for each of its tables.

Numbers are numbers with two places, unknown is an empty cell, and text is always text: neither a
formula nor a link. Rows go to a file of the disk as they come, so memory does not grow with them.
"""

import tempfile
from datetime import date
from types import TracebackType
from typing import IO, Any, Self

import xlsxwriter

from classpulse.serve.reports.columns import Column
from classpulse.serve.reports.content import Content, Table
from classpulse.serve.reports.csv_file import IN_MEMORY
from classpulse.serve.reports.words import STATUS, flag
from classpulse.serve.reports.xlsx_summary import Summary, cell_text
from classpulse.serve.snapshot import Row

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A sheet has 2^20 rows, and one is the head.
MOST_ROWS = 2**20 - 1
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 18, "font_color": "#12615F"},
    "soft": {"font_color": "#4C5B68"},
    "head": {
        "bold": True,
        "bg_color": "#D5E9E6",
        "font_color": "#17222C",
        "bottom": 1,
        "bottom_color": "#12615F",
        "text_wrap": True,
        "valign": "top",
    },
    "label": {"bold": True},
    "number": {"num_format": "0.00"},
    "percent": {"num_format": '0.00"%"'},
    "whole": {"num_format": "#,##0"},
    "day": {"num_format": "yyyy-mm-dd"},
}
# Before it a workbook counts days otherwise, or not at all.
_FIRST_DAY = date(1900, 3, 1)


class XlsxFile:
    """Rows in, a workbook out."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (it is the answer)
        self._folder = tempfile.TemporaryDirectory(prefix="classpulse-report-")
        self._book = xlsxwriter.Workbook(self._file, {**_OPTIONS, "tmpdir": self._folder.name})
        self._formats = {name: self._book.add_format(of) for name, of in _FORMATS.items()}
        Summary(self._book, self._formats).write(content)
        for table in content.before:
            self._append(self._sheet(table, len(table.rows)), table.columns, table.rows, 1)
        self._main = self._sheet(content.main, content.total)
        self._next = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()
        if error is not None:
            self._file.close()

    def write(self, rows: list[Row]) -> None:
        self._append(self._main, self._content.main.columns, rows, self._next)
        self._next += len(rows)

    def finish(self) -> IO[bytes]:
        """The file, from its start, to be closed by whoever sends it."""
        for table in self._content.after:
            self._append(self._sheet(table, len(table.rows)), table.columns, table.rows, 1)
        self._book.close()
        self._file.seek(0)
        return self._file

    def _sheet(self, table: Table, rows: int) -> Any:
        sheet = self._book.add_worksheet(table.title)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, column.width)
        for place, column in enumerate(table.columns):
            sheet.write_string(0, place, column.title, self._formats["head"])
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, rows, len(table.columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)
        return sheet

    def _append(self, sheet: Any, columns: tuple[Column, ...], rows: list[Row], first: int) -> None:
        for place, row in enumerate(rows, first):
            for at, column in enumerate(columns):
                value = row[column.name]
                if value is not None:
                    self._cell(sheet, place, at, column, value)

    def _cell(self, sheet: Any, row: int, at: int, column: Column, value: Any) -> None:
        match column.kind:
            case "number":
                sheet.write_number(row, at, value, self._formats["number"])
            case "count":
                sheet.write_number(row, at, value, self._formats["whole"])
            case "marks":
                sheet.write_number(row, at, value)
            case "flag":
                sheet.write_string(row, at, flag(value))
            case "status":
                sheet.write_string(row, at, STATUS.get(value, value))
            case "day" if value >= _FIRST_DAY:
                sheet.write_datetime(row, at, value, self._formats["day"])
            case _:
                sheet.write_string(row, at, cell_text(str(value)))
