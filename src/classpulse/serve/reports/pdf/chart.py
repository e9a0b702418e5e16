"""Bars on a page, each with its label and its value in writing."""

from classpulse.serve.reports.content import Chart
from classpulse.serve.reports.labels import shown
from classpulse.serve.reports.pdf import typesetting
from classpulse.serve.reports.pdf.page import (
    BAR,
    INK,
    LEFT,
    RULE,
    SOFT,
    SUNK,
    WIDTH,
    Pages,
    Style,
)

_TITLE = Style(12, INK, bold=True)
_VALUE = Style(8, INK, bold=True)
_LABEL = Style(8, SOFT)
_HEIGHT = 96.0
_WIDEST = 34.0
_NAME = 150.0
_FIGURE = 46.0
_STRIP = 17.0
_WHOLE = 100.0


def write_chart(pages: Pages, chart: Chart) -> None:
    """Counts as columns side by side, percentages as bars one below another."""
    if not chart.bars:
        return
    columns = chart.form == "whole"
    if pages.room < (30 + _HEIGHT + 34 if columns else 30 + 3 * _STRIP):
        pages.turn()
    top = pages.down(30)
    pages.text(typesetting.line(chart.title, _TITLE.size, WIDTH), LEFT, top - 20, _TITLE)
    if columns:
        _columns(pages, chart)
    else:
        _bars(pages, chart)


def _columns(pages: Pages, chart: Chart) -> None:
    top = pages.down(_HEIGHT + 32)
    base = top - _HEIGHT - 14
    highest = max(float(value or 0) for value in chart.bars.values()) or 1.0
    slot = WIDTH / len(chart.bars)
    width = min(_WIDEST, slot * 0.62)
    for place, (label, value) in enumerate(chart.bars.items()):
        middle = LEFT + slot * (place + 0.5)
        height = _HEIGHT * float(value or 0) / highest
        if height:
            pages.box(middle - width / 2, base, width, height, BAR)
        _centred(pages, shown(value, "count"), middle, base + height + 4, slot, _VALUE)
        _centred(pages, label, middle, base - 12, slot, _LABEL)
    pages.rule(base, RULE, 0.6)


def _bars(pages: Pages, chart: Chart) -> None:
    highest = max([_WHOLE, *(float(value or 0) for value in chart.bars.values())])
    longest = WIDTH - _NAME - _FIGURE
    for label, value in chart.bars.items():
        top = pages.down(_STRIP)
        y = top - 12
        name = typesetting.line(label, _LABEL.size, _NAME - 10)
        pages.text(name, LEFT, y, _LABEL)
        pages.box(LEFT + _NAME, y - 2, longest, 11, SUNK)
        if value:
            pages.box(LEFT + _NAME, y - 2, longest * float(value) / highest, 11, BAR)
        text = shown(value, "number") + ("%" if value is not None else "")
        line = typesetting.line(text, _VALUE.size, _FIGURE)
        pages.text(line, LEFT + WIDTH - line.length(_VALUE.size), y, _VALUE)


def _centred(pages: Pages, text: str, middle: float, y: float, width: float, style: Style) -> None:
    line = typesetting.line(text, style.size, width)
    pages.text(line, middle - line.length(style.size) / 2, y, style)
