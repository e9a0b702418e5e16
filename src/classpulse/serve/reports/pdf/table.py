"""A table on pages: its head is repeated on each, and text wraps in its column."""

from collections.abc import Iterable

from classpulse.serve.reports.columns import Column
from classpulse.serve.reports.content import Row
from classpulse.serve.reports.labels import UNKNOWN, shown
from classpulse.serve.reports.pdf import typesetting
from classpulse.serve.reports.pdf.page import (
    ACCENT,
    INK,
    LEFT,
    SOFT,
    SUNK,
    WIDTH,
    Pages,
    Style,
)

_TITLE = Style(12, INK, bold=True)
_HEAD = Style(7, INK, bold=True)
_CELL = Style(8)
_SOFT = Style(8, SOFT)
_GAP = 6.0
_PADDING = 3.0
# Numbers end where their column ends; what comes after them must keep its distance.
_NUMBERS = ("number", "marks", "count")
_DISTANCE = 8.0
_MOST_LINES = 48


class PageTable:
    """Lays one table out, row by row."""

    def __init__(self, pages: Pages, title: str, columns: Iterable[Column]) -> None:
        self._pages = pages
        self._title = title
        self._columns = [column for column in columns if column.page_width]
        self._widths = _widths(self._columns)
        self._indents = _indents(self._columns)
        self._heads = self._lines([column.title for column in self._columns], _HEAD)

    def write(self, rows: Iterable[Row], nothing: str) -> None:
        """All rows; ``nothing`` is said where there is none."""
        pages = self._pages
        if pages.room < 30 + self._head_height + 3 * _CELL.leading:
            pages.turn()
        top = pages.down(30)
        pages.text(typesetting.line(self._title, _TITLE.size, WIDTH), LEFT, top - 22, _TITLE)
        self._head()
        empty = True
        for row in rows:
            empty = False
            self._row(row)
        if empty:
            pages.paragraph(nothing, _SOFT)

    @property
    def _head_height(self) -> float:
        return max(map(len, self._heads)) * _HEAD.leading + 2 * _PADDING

    def _head(self) -> None:
        height = self._head_height
        top = self._pages.down(height)
        self._pages.box(LEFT, top - height, WIDTH, height, SUNK)
        self._pages.rule(top - height, ACCENT, 0.8)
        self._cells(self._heads, [_HEAD] * len(self._heads), top - _PADDING)

    def _row(self, row: Row) -> None:
        texts = [shown(row[column.name], column.kind) for column in self._columns]
        cells = self._lines(texts, _CELL)
        styles = [_SOFT if text == UNKNOWN else _CELL for text in texts]
        height = max(map(len, cells)) * _CELL.leading + 2 * _PADDING
        if height > self._pages.room:
            self._pages.turn()
            self._head()
        top = self._pages.down(height)
        self._cells(cells, styles, top - _PADDING)
        self._pages.rule(top - height)

    def _lines(self, texts: list[str], style: Style) -> list[list[typesetting.Line]]:
        return [
            _cut(typesetting.lines(text, style.size, width - indent - _GAP / 2))
            for text, width, indent in zip(texts, self._widths, self._indents, strict=True)
        ]

    def _cells(self, cells: list[list[typesetting.Line]], styles: list[Style], top: float) -> None:
        x = LEFT
        for column, width, indent, lines, style in zip(
            self._columns, self._widths, self._indents, cells, styles, strict=True
        ):
            for place, line in enumerate(lines):
                ends_right = column.kind in _NUMBERS
                at = width - _GAP / 2 - line.length(style.size) if ends_right else indent
                y = top - place * style.leading - style.size
                self._pages.text(line, x + at, y, style)
            x += width


def _cut(lines: list[typesetting.Line]) -> list[typesetting.Line]:
    """No more than a page has room for; … says that there were more."""
    if len(lines) <= _MOST_LINES:
        return lines
    return [*lines[: _MOST_LINES - 1], *typesetting.lines("…", _CELL.size, WIDTH)]


def _indents(columns: list[Column]) -> list[float]:
    after_number = [False, *(column.kind in _NUMBERS for column in columns)]
    return [
        _DISTANCE if after and column.kind not in _NUMBERS else _GAP / 2
        for column, after in zip(columns, after_number, strict=False)
    ]


def _widths(columns: list[Column]) -> list[float]:
    """What has a fixed length takes its own; text shares the rest."""
    fixed = sum(column.page_width for column in columns if column.kind != "text")
    shared = sum(column.page_width for column in columns if column.kind == "text")
    each = (WIDTH - fixed) / shared
    return [column.page_width * (each if column.kind == "text" else 1.0) for column in columns]
