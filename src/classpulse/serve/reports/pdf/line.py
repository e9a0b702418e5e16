"""Percentages week by week on a page, as a line that a week without a value breaks."""

from itertools import pairwise

from reportlab.pdfgen.canvas import Canvas

from classpulse.serve.reports.content import Line
from classpulse.serve.reports.labels import shown
from classpulse.serve.reports.pdf import typesetting
from classpulse.serve.reports.pdf.page import (
    BAR,
    HAIR,
    INK,
    LEFT,
    RIGHT,
    RULE,
    SOFT,
    WIDTH,
    Pages,
    Style,
)

_TITLE = Style(12, INK, bold=True)
_LABEL = Style(8, SOFT)
_HEIGHT = 64.0
_SCALE = 30.0
_WHOLE = 100.0


def write_line(pages: Pages, line: Line) -> None:
    """The line under its title, between its first week and its last."""
    if pages.room < 30 + _HEIGHT + 30:
        pages.turn()
    top = pages.down(30)
    pages.text(typesetting.line(line.title, _TITLE.size, WIDTH), LEFT, top - 20, _TITLE)
    base = pages.down(_HEIGHT + 30) - _HEIGHT - 8
    known = [float(value) for value in line.values if value is not None]
    highest = max([_WHOLE, *known])
    start, width = LEFT + _SCALE, WIDTH - _SCALE
    for share in (0.0, 0.5, 1.0):
        text = typesetting.line(f"{highest * share:.0f}", _LABEL.size, _SCALE)
        pages.text(text, LEFT, base + _HEIGHT * share - 3, _LABEL)
    step = width / max(1, len(line.values) - 1)
    places = [
        None if value is None else (start + step * week, base + _HEIGHT * float(value) / highest)
        for week, value in enumerate(line.values)
    ]

    def drawing(canvas: Canvas) -> None:
        canvas.setLineWidth(0.5)
        for share in (0.0, 0.5, 1.0):
            canvas.setStrokeColor(HAIR if share else RULE)
            canvas.line(start, base + _HEIGHT * share, RIGHT, base + _HEIGHT * share)
        canvas.setStrokeColor(BAR)
        canvas.setLineWidth(1.6)
        for one, next_one in pairwise(places):
            if one is not None and next_one is not None:
                canvas.line(*one, *next_one)

    pages.draw(drawing)
    last = next(value for value in reversed(line.values) if value is not None)
    words = f"{line.first} to {line.last}, at the end {shown(last, 'number')}%"
    pages.text(typesetting.line(words, _LABEL.size, width), start, base - 14, _LABEL)
