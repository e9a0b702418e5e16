"""Text on a page: in the right order, shaped, broken into lines, and drawn.

Lengths are in points. What a name holds is text and nothing else: there is no markup here.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise

from reportlab.lib.colors import Color
from reportlab.pdfbase.ttfonts import ShapeData, ShapedStr
from reportlab.pdfgen.canvas import Canvas

from classpulse.serve.reports.pdf.direction import in_order, starts_right
from classpulse.serve.reports.pdf.fonts import Font, Glyph, first_font, font_of, is_invisible

_STAND_IN = "\N{REPLACEMENT CHARACTER}"
_ELLIPSIS = "…"
# Nobody's name, and no remark that a table should hold whole.
_LONGEST = 600
# How much heavier than the font its bold is drawn, as a part of its size.
_BOLD = 0.026
_FILL_AND_STROKE = 2


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs of one font. ``actual`` is the text where the glyphs don't say it themselves."""

    font: Font
    glyphs: ShapedStr
    width: float
    actual: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """Runs from left to right; ``width`` is in thousandths of the size."""

    runs: tuple[Run, ...]
    width: float

    def length(self, size: float) -> float:
        return self.width * size / 1000


def lines(text: str, size: float, width: float) -> list[Line]:
    """The text in lines no longer than ``width``; a word that is longer is broken, too."""
    plain = _plain(text)
    rtl = starts_right(plain)
    room = width * 1000 / size
    return [_line(part, rtl) for part in _broken(plain, room, rtl=rtl)] or [_line("", rtl=False)]


def line(text: str, size: float, width: float) -> Line:
    """The text in one line, cut off with … where it is longer than ``width``."""
    plain = _plain(text)
    rtl = starts_right(plain)
    room = width * 1000 / size
    whole = _line(plain, rtl)
    if whole.width <= room:
        return whole
    start = next(_broken(plain, room - _line(_ELLIPSIS, rtl=False).width, rtl=rtl), "")
    return _line(start.rstrip() + _ELLIPSIS, rtl)


def draw(
    canvas: Canvas, line: Line, x: float, y: float, size: float, color: Color, *, bold: bool = False
) -> None:
    """Draw a line from its left end on its base line."""
    if bold:
        # its outline must not be left behind for the text that follows
        canvas.saveState()
        canvas.setStrokeColor(color)
        canvas.setLineWidth(size * _BOLD)
    for run in line.runs:
        part = canvas.beginText(x, y)
        if bold:
            part.setTextRenderMode(_FILL_AND_STROKE)
        part.setFillColor(color)
        part.setFont(run.font.embedded.fontName, size)
        part.textOut(run.glyphs)
        if run.actual is not None:
            as_hex = ("\ufeff" + run.actual).encode("utf-16-be").hex()
            canvas.addLiteral(f"/Span <</ActualText <{as_hex}>>> BDC")
        canvas.drawText(part)
        if run.actual is not None:
            canvas.addLiteral("EMC")
        x += run.width * size / 1000
    if bold:
        canvas.restoreState()


def _plain(text: str) -> str:
    """One space for any white space, and no control characters: neither has a glyph."""
    kept = "".join(
        " " if char.isspace() else char
        for char in text[: _LONGEST + 1]
        if char.isspace() or is_invisible(char) or unicodedata.category(char) not in ("Cc", "Cf")
    )
    words = " ".join(kept.split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}{_ELLIPSIS}"


def _broken(text: str, room: float, *, rtl: bool) -> Iterator[str]:
    """Pieces that fit, as many words each as there is room for."""
    rest = text.split(" ")
    held = ""
    for word in rest:
        longer = f"{held} {word}" if held else word
        if _line(longer, rtl).width <= room:
            held = longer
            continue
        if held:
            yield held
        held = word
        while _line(held, rtl).width > room:
            start = _fitting(held, room, rtl=rtl)
            yield start
            held = held[len(start) :]
    if held:
        yield held


def _fitting(word: str, room: float, *, rtl: bool) -> str:
    """As much of a long word as fits, and never less than one character as people count them."""
    found = ""
    for cluster in _clusters(word):
        if found and _line(found + cluster, rtl).width > room:
            break
        found += cluster
    return found


@lru_cache(maxsize=20_000)
def _line(text: str, rtl: bool) -> Line:
    runs = [run for part, leans in in_order(text, rtl=rtl) for run in _shaped(part, rtl=leans)]
    return Line(tuple(runs), sum(run.width for run in runs))


def _shaped(text: str, *, rtl: bool) -> list[Run]:
    """Runs from left to right of a text of one direction."""
    found: list[list[Run]] = []
    for font, group in groupby(_clusters(text), key=font_of):
        clusters = list(group)
        part = "".join(clusters)
        if font is None:
            stand_ins = first_font().shaped(_STAND_IN * len(clusters), rtl=rtl)
            found.append([_run(first_font(), stand_ins, part)])
        else:
            found.append(_runs(font, part, rtl=rtl))
    return [run for runs in (found[::-1] if rtl else found) for run in runs]


def _runs(font: Font, text: str, *, rtl: bool) -> list[Run]:
    """One run, or where right-to-left letters have joined, one for each: readers of the file put
    letters in order by their places, and so they have to know what stands at each."""
    glyphs = font.shaped(text, rtl=rtl)
    codes = "".join(chr(glyph.code) for glyph in glyphs)
    if not rtl or codes == text[::-1]:
        return [_run(font, glyphs, codes if rtl else text)]
    starts = sorted({glyph.cluster for glyph in glyphs})
    ends = dict(pairwise([*starts, len(text)]))
    return [
        _run(font, list(group), text[start : ends[start]])
        for start, group in groupby(glyphs, key=lambda glyph: glyph.cluster)
    ]


def _run(font: Font, glyphs: list[Glyph], text: str) -> Run:
    codes = "".join(chr(glyph.code) for glyph in glyphs)
    shapes = [ShapeData(g.cluster, g.advance, 0, g.x_offset, g.y_offset, g.width) for g in glyphs]
    return Run(
        font,
        ShapedStr(codes, shapes),
        sum(glyph.advance for glyph in glyphs),
        None if codes == text else text,
    )


def _clusters(text: str) -> Iterator[str]:
    """Characters with all that hangs on them: accents, joiners, skin tones, the halves of flags."""
    held = ""
    for char in text:
        if held and not _hangs_on(held, char):
            yield held
            held = ""
        held += char
    if held:
        yield held


def _hangs_on(held: str, char: str) -> bool:
    return (
        unicodedata.category(char)[0] == "M"
        or is_invisible(char)
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or held[-1] == "\u200d"
        or (len(held) == 1 and _is_flag_half(held) and _is_flag_half(char))
    )


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
