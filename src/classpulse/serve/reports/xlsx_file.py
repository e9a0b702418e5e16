"""A report as a workbook: a summary with a native chart, and a sheet for each of its tables.

Numbers are numbers with two places, unknown is an empty cell, and text is always text: neither a
formula nor a link. Rows go to a file of the disk as they come, so memory does not grow with them.
"""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import date
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from types import TracebackType
from typing import IO, Any, Self

import xlsxwriter

from classpulse.serve.reports.columns import Column, Kind
from classpulse.serve.reports.content import Content, Table
from classpulse.serve.reports.labels import STATUS, flag
from classpulse.serve.reports.row_buffer import IN_MEMORY, RowBuffer
from classpulse.serve.reports.xlsx_summary import Summary, cell_text
from classpulse.serve.snapshot import Row

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A sheet has 2^20 rows, and one is the head.
MOST_ROWS = 2**20 - 1
Cell = float | str | None
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
    "count": {"num_format": "#,##0"},
    "day": {"num_format": "yyyy-mm-dd"},
}
# Before it a workbook counts days otherwise, or not at all.
_FIRST_DAY = date(1900, 3, 1)


class XlsxFile:
    """Rows in, a workbook out. The rows wait on the disk: a workbook takes longer than they do."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._rows = RowBuffer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rows.close()

    def write(self, rows: list[Row]) -> None:
        self._rows.write(_cells(self._content.main, rows))

    def finish(self) -> IO[bytes]:
        """The file, from its start, to be closed by its sender."""
        content = self._content
        with ExitStack() as on_error, TemporaryDirectory(prefix="classpulse-report-") as folder:
            file = on_error.enter_context(SpooledTemporaryFile(IN_MEMORY))
            book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": folder})
            formats = {name: book.add_format(of) for name, of in _FORMATS.items()}
            Summary(book, formats).write(content)
            for table in content.before:
                _sheet(book, formats, table, [_cells(table, table.rows)])
            _sheet(book, formats, content.main, self._rows.batches())
            for table in content.after:
                _sheet(book, formats, table, [_cells(table, table.rows)])
            book.close()
            file.seek(0)
            on_error.pop_all()
            return file


def _cells(table: Table, rows: list[Row]) -> list[list[Cell]]:
    return [[_cell(row[column.name], column) for column in table.columns] for row in rows]


def _cell(value: Any, column: Column) -> Cell:
    """A number as a number, and all else as the text that is shown; ``None`` is unknown."""
    if value is None:
        return None
    match column.kind:
        case "number" | "marks":
            return float(value)
        case "count":
            return int(value)
        case "flag":
            return flag(value)
        case "status":
            return STATUS.get(value, str(value))
        case "day":
            return str(value.isoformat())
        case _:
            return cell_text(str(value))


def _sheet(
    book: xlsxwriter.Workbook,
    formats: Mapping[str, Any],
    table: Table,
    batches: Iterable[list[list[Cell]]],
) -> None:
    sheet = book.add_worksheet(table.title)
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, column.width)
        sheet.write_string(0, at, column.title, formats["head"])
    last = 0
    for batch in batches:
        for row, cells in enumerate(batch, last + 1):
            for at, (column, cell) in enumerate(zip(table.columns, cells, strict=True)):
                if cell is not None:
                    _write(sheet, row, at, cell, formats, column.kind)
        last += len(batch)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(table.columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def _write(
    sheet: Any, row: int, at: int, cell: float | str, formats: Mapping[str, Any], kind: Kind
) -> None:
    if not isinstance(cell, str):
        sheet.write_number(row, at, cell, formats.get(kind))
    elif kind == "day" and (day := date.fromisoformat(cell)) >= _FIRST_DAY:
        sheet.write_datetime(row, at, day, formats["day"])
    else:
        sheet.write_string(row, at, cell)
