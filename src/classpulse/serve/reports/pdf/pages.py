"""The pages of a report to print: figures, a chart and tables on A4.

Unknown is –. A name shows as it is, in whatever script, and wraps in its column.
"""

import tempfile
from collections.abc import Sequence
from typing import IO

from classpulse.serve.reports.content import Content, Figure, Row, Table
from classpulse.serve.reports.labels import UNKNOWN
from classpulse.serve.reports.pdf import typesetting
from classpulse.serve.reports.pdf.chart import write_chart
from classpulse.serve.reports.pdf.line import write_line
from classpulse.serve.reports.pdf.page import ACCENT, INK, LEFT, RULE, SOFT, WIDTH, Pages, Style
from classpulse.serve.reports.pdf.table import PageTable
from classpulse.serve.reports.row_buffer import IN_MEMORY

_ABOUT = Style(9, ACCENT, bold=True)
_TITLE = Style(22, INK, bold=True)
_STAMP = Style(10, INK)
_OLDER = Style(10, INK, bold=True)
_FILTER = Style(9, SOFT)
_LABEL = Style(7.2, SOFT)
_VALUE = Style(15, INK, bold=True)
_CARDS = 6
_CARD_HEIGHT = 40.0


def drawn(content: Content, rows: list[Row]) -> IO[bytes]:
    """The file, from its start, to be closed by the one who sends it. It takes seconds."""
    stamp = content.stamp
    pages = Pages(
        head=" · ".join(
            [
                content.title,
                stamp.as_of_in_words(),
                *(["some figures are older"] if stamp.set_aside else []),
            ]
        ),
        foot=f"Made for {content.viewer_name} on {stamp.made_in_words()}",
    )
    _opening(pages, content)
    _figures(pages, content.figures)
    write_chart(pages, content.chart)
    for line in content.lines:
        write_line(pages, line)
    main = Table(content.main.title, content.main.columns, rows)
    for table in [*content.before, main, *content.after]:
        if table.on_page:
            table = table.as_printed()
            PageTable(pages, table.title, table.columns).write(table.rows, "There is none.")
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (it is the answer)
    pages.save(file, title=content.title, author=content.viewer_name)
    file.seek(0)
    return file


def _opening(pages: Pages, content: Content) -> None:
    if content.about:
        pages.paragraph(content.about, _ABOUT)
    pages.paragraph(content.title, _TITLE)
    pages.down(2)
    pages.paragraph(content.stamp.as_of_in_words(), _STAMP)
    if older := content.stamp.set_aside_in_words():
        pages.paragraph(older, _OLDER)
    pages.paragraph("  ·  ".join(content.filters), _FILTER)
    top = pages.down(12)
    pages.rule(top - 6, RULE, 0.6)


def _figures(pages: Pages, figures: Sequence[Figure]) -> None:
    width = WIDTH / _CARDS
    for start in range(0, len(figures), _CARDS):
        top = pages.down(_CARD_HEIGHT)
        for place, figure in enumerate(figures[start : start + _CARDS]):
            x = LEFT + place * width
            label = typesetting.line(figure.label, _LABEL.size, width - 8)
            value = typesetting.line(_value(figure), _VALUE.size, width - 8)
            pages.text(label, x, top - 12, _LABEL)
            pages.text(value, x, top - 29, _VALUE)


def _value(figure: Figure) -> str:
    match figure.form, figure.value:
        case _, None | "":
            return UNKNOWN
        case "percent", value:
            return f"{value:.2f}%"
        case "whole", value:
            return f"{value:,}"
        case _, value:
            return str(value)
