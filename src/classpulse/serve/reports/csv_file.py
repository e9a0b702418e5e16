"""A report as CSV: its long table, for programs and spreadsheets.

UTF-8 with a byte order mark, CRLF, quoted as RFC 4180 has it. No text is a formula.
"""

import csv
import io
import tempfile
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from types import TracebackType
from typing import IO, Self

from classpulse.serve.reports.columns import STAMP
from classpulse.serve.reports.content import Content
from classpulse.serve.reports.labels import flag
from classpulse.serve.reports.row_buffer import IN_MEMORY
from classpulse.serve.snapshot import Row

MEDIA_TYPE = "text/csv; charset=utf-8"
_OLDER = "The figures can't be updated at the moment and are older"
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


class CsvFile:
    """Rows in, a file out; its memory does not grow with them."""

    def __init__(self, content: Content) -> None:
        self._names = [column.name for column in content.main.columns]
        self._stamp = [content.stamp.as_of, _moment(content.stamp.as_of_time)]
        self._set_aside = frozenset(content.stamp.set_aside)
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (it is the answer)
        self._append([_BOM + self._names[0], *self._names[1:], *STAMP])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._file.close()

    def write(self, rows: list[Row]) -> None:
        self._append(*(self._line(row) for row in rows))

    def finish(self) -> IO[bytes]:
        """The file, from its start, to be closed by its sender."""
        self._file.seek(0)
        return self._file

    def _line(self, row: Row) -> list[str]:
        older = _OLDER if row["section_id"] in self._set_aside else ""
        return [*(field(row[name]) for name in self._names), older, *self._stamp]

    def _append(self, *lines: list[str]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(lines)
        self._file.write(text.getvalue().encode())


def field(value: object) -> str:
    """A value as a field: unknown is empty, a number keeps its places, a text is no formula."""
    match value:
        case None:
            return ""
        case bool():
            return flag(value)
        case Decimal():
            return f"{value:f}"
        case str():
            return as_text(value)
        case _:
            return str(value)


def as_text(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula.

    White space and invisible characters before it count for nothing, and a full-width sign is one.
    """
    if text[:1] in ("\t", "\r"):
        return f"'{text}"
    first = next((char for char in text if unicodedata.category(char)[0] not in "CZ"), "")
    return f"'{text}" if unicodedata.normalize("NFKC", first)[:1] in ("=", "+", "-", "@") else text


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
