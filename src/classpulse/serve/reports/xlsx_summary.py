"""The first sheet of a workbook: what it is of, its figures, and a native chart."""

from collections.abc import Mapping
from typing import Any

import xlsxwriter

from classpulse.serve.reports.content import Chart, Content, Figure

# A cell has 2^15 - 1 characters.
_LONGEST = 2**15 - 1
# XML has no words for them.
_ILLEGAL = dict.fromkeys((0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}")
_ACCENT = "#3C8C86"


class Summary:
    """Written from the top down, as a book that keeps no rows in memory asks for."""

    def __init__(self, book: xlsxwriter.Workbook, formats: Mapping[str, Any]) -> None:
        self._book = book
        self._formats = formats
        self._sheet = book.add_worksheet("Summary")
        self._row = 0

    def write(self, content: Content) -> None:
        """The whole sheet."""
        sheet, stamp = self._sheet, content.stamp
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 16)
        sheet.hide_gridlines(2)
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_row(0, 28)
        self._line(content.title, "title")
        self._line(content.about)
        self._line(stamp.as_of_in_words())
        if older := stamp.set_aside_in_words():
            self._line(older, "label")
        self._line(f"Made for {content.viewer_name} on {stamp.made_in_words()}", "soft")
        self._line(f"Event {stamp.as_of}", "soft")
        self._row += 1
        for line in content.filters:
            self._line(line)
        self._row += 1
        top = self._row
        for figure in content.figures:
            self._figure(figure)
        self._row += 1
        self._chart(content.chart, top)

    def _line(self, text: str, form: str | None = None) -> None:
        self._sheet.write_string(
            self._row, 0, cell_text(text), self._formats[form] if form else None
        )
        self._row += 1

    def _figure(self, figure: Figure) -> None:
        self._sheet.write_string(self._row, 0, cell_text(figure.label), self._formats["label"])
        self._value(figure.value, figure.form)
        self._row += 1

    def _value(self, value: Any, form: str) -> None:
        if value is None:
            return
        if form == "text":
            self._sheet.write_string(self._row, 1, cell_text(value))
        else:
            self._sheet.write_number(self._row, 1, value, self._formats[form])

    def _chart(self, chart: Chart, top: int) -> None:
        self._sheet.write_string(self._row, 0, chart.label, self._formats["head"])
        self._sheet.write_string(self._row, 1, chart.measure, self._formats["head"])
        self._row += 1
        if not chart.bars:
            return
        first = self._row
        for label, value in chart.bars.items():
            self._sheet.write_string(self._row, 0, cell_text(label))
            self._value(value, chart.form)
            self._row += 1
        drawn = self._book.add_chart({"type": "column"})
        drawn.add_series(
            {
                "name": chart.measure,
                "categories": ["Summary", first, 0, self._row - 1, 0],
                "values": ["Summary", first, 1, self._row - 1, 1],
                "fill": {"color": _ACCENT},
                "gap": 60,
                "data_labels": {"value": True},
            }
        )
        drawn.set_title({"name": chart.title, "name_font": {"size": 12}})
        drawn.set_legend({"none": True})
        drawn.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": "#DBE2E6"}}})
        drawn.set_size({"width": 560, "height": 320})
        self._sheet.insert_chart(top, 3, drawn)


def cell_text(text: str) -> str:
    """What a cell can hold of it: no more than its length, and nothing that XML can't say."""
    legal = text.translate(_ILLEGAL)
    return legal if len(legal) <= _LONGEST else f"{legal[: _LONGEST - 1]}…"
