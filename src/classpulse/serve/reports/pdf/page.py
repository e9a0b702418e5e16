"""The pages of a printed report: how much room is left, heads and feet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from classpulse.serve.reports.pdf import typesetting

INK = HexColor("#17222C")
SOFT = HexColor("#4C5B68")
HAIR = HexColor("#DBE2E6")
RULE = HexColor("#75838F")
SUNK = HexColor("#EDF1F2")
ACCENT = HexColor("#12615F")
BAR = HexColor("#3C8C86")

LEFT = 38.0
WIDTH = A4[0] - 2 * LEFT
RIGHT = LEFT + WIDTH
_TOP = A4[1] - 46
_BOTTOM = 56.0
_FOOT = 8.0

Drawing = Callable[[Canvas], None]


@dataclass(frozen=True)
class Style:
    """How a text looks."""

    size: float
    color: Color = INK
    bold: bool = False

    @property
    def leading(self) -> float:
        return self.size * 1.36


class Pages:
    """Laid out first and drawn last: only then is it known how many there are.

    ``head`` stands on every page but the first, ``foot`` on all.
    """

    def __init__(self, head: str, foot: str) -> None:
        self._head = head
        self._foot = foot
        self._pages: list[list[Drawing]] = []
        self._y = 0.0
        self.turn()

    @property
    def room(self) -> float:
        """How much is left above the foot."""
        return self._y - _BOTTOM

    def turn(self) -> None:
        """Go on with the next page."""
        self._pages.append([])
        self._y = _TOP
        if len(self._pages) > 1:
            self._running_head()

    def down(self, height: float) -> float:
        """Take a strip of this height, on the next page if need be; its upper edge."""
        if height > self.room:
            self.turn()
        top = self._y
        self._y -= height
        return top

    def draw(self, drawing: Drawing) -> None:
        """On the page where the last strip is."""
        self._pages[-1].append(drawing)

    def rule(self, y: float, color: Color = HAIR, thickness: float = 0.5) -> None:
        """A line across the page."""

        def drawing(canvas: Canvas) -> None:
            canvas.setStrokeColor(color)
            canvas.setLineWidth(thickness)
            canvas.line(LEFT, y, RIGHT, y)

        self.draw(drawing)

    def box(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        """A filled rectangle from its lower left corner."""

        def drawing(canvas: Canvas) -> None:
            canvas.setFillColor(color)
            canvas.rect(x, y, width, height, stroke=0, fill=1)

        self.draw(drawing)

    def text(self, line: typesetting.Line, x: float, y: float, style: Style) -> None:
        """A line from its left end on its base line."""
        self.draw(
            lambda canvas: typesetting.draw(
                canvas, line, x, y, style.size, style.color, bold=style.bold
            )
        )

    def paragraph(self, text: str, style: Style) -> None:
        """A text across the page. A page reads from the left, whatever the order in its texts."""
        for line in typesetting.lines(text, style.size, WIDTH):
            top = self.down(style.leading)
            self.text(line, LEFT, top - style.size, style)

    def save(self, file: IO[bytes], *, title: str, author: str) -> None:
        """Draw all of them into a file."""
        canvas = Canvas(file, pagesize=A4, lang="en")
        canvas.setTitle(title)
        canvas.setAuthor(author)
        canvas.setCreator("classpulse")
        for number, page in enumerate(self._pages, 1):
            for drawing in page:
                drawing(canvas)
            self._draw_foot(canvas, f"Page {number} of {len(self._pages)}")
            canvas.showPage()
        canvas.save()

    def _running_head(self) -> None:
        style = Style(8, SOFT)
        top = self.down(18)
        self.text(typesetting.line(self._head, style.size, WIDTH), LEFT, top - style.size, style)
        self.rule(top - 13)

    def _draw_foot(self, canvas: Canvas, place: str) -> None:
        y = _BOTTOM - 26
        canvas.setStrokeColor(HAIR)
        canvas.setLineWidth(0.5)
        canvas.line(LEFT, y + 13, RIGHT, y + 13)
        where = typesetting.line(place, _FOOT, WIDTH)
        length = where.length(_FOOT)
        foot = typesetting.line(self._foot, _FOOT, WIDTH - length - 20)
        typesetting.draw(canvas, foot, LEFT, y, _FOOT, SOFT)
        typesetting.draw(canvas, where, RIGHT - length, y, _FOOT, SOFT)
