"""Text on a page: in the right order, shaped, broken into lines, and drawn.

Lengths are in points. What a name holds is text and nothing else: there is no markup here.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from bidi import algorithm as bidi
from reportlab.lib.colors import Color
from reportlab.pdfbase.ttfonts import ShapeData, ShapedStr
from reportlab.pdfgen.canvas import Canvas

from classpulse.serve.reports.fonts import Font, first_font, font_of, is_invisible

_STAND_IN = "\N{REPLACEMENT CHARACTER}"
_ELLIPSIS = "…"
# Nobody's name, and no remark that a table should hold whole.
_LONGEST = 600
_RTL = frozenset({"R", "AL", "AN"})
# How much heavier than the font its bold is drawn, as a part of its size.
_BOLD = 0.026
_FILL, _FILL_AND_STROKE = 0, 2


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs of one font. ``actual`` is the text where the glyphs don't say it themselves."""

    font: Font
    glyphs: ShapedStr
    width: float
    actual: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """Runs from left to right; ``width`` in thousandths of the size. ``rtl``: it starts right."""

    runs: tuple[Run, ...]
    width: float
    rtl: bool

    def length(self, size: float) -> float:
        return self.width * size / 1000


def lines(text: str, size: float, width: float) -> list[Line]:
    """The text in lines no longer than ``width``; a word that is longer is broken, too."""
    plain = _plain(text)
    rtl = _starts_right(plain)
    room = width * 1000 / size
    return [_line(part, rtl) for part in _broken(plain, room)] or [_line("", rtl=False)]


def line(text: str, size: float, width: float) -> Line:
    """The text in one line, cut off with … where it is longer than ``width``."""
    plain = _plain(text)
    rtl = _starts_right(plain)
    room = width * 1000 / size
    whole = _line(plain, rtl)
    if whole.width <= room:
        return whole
    start = next(_broken(plain, room - _line(_ELLIPSIS, rtl=False).width), "")
    return _line(start.rstrip() + _ELLIPSIS, rtl)


def draw(
    canvas: Canvas, line: Line, x: float, y: float, size: float, color: Color, *, bold: bool = False
) -> None:
    """Draw a line from its left end on its base line."""
    text = canvas.beginText(x, y)
    text.setFillColor(color)
    if bold:
        text.setStrokeColor(color)
        canvas.setLineWidth(size * _BOLD)
    text.setTextRenderMode(_FILL_AND_STROKE if bold else _FILL)
    canvas.drawText(text)
    for run in line.runs:
        part = canvas.beginText(x, y)
        part.setFont(run.font.embedded.fontName, size)
        part.textOut(run.glyphs)
        if run.actual is not None:
            as_hex = ("\ufeff" + run.actual).encode("utf-16-be").hex()
            canvas.addLiteral(f"/Span <</ActualText <{as_hex}>>> BDC")
        canvas.drawText(part)
        if run.actual is not None:
            canvas.addLiteral("EMC")
        x += run.width * size / 1000


def _plain(text: str) -> str:
    """One space for any white space, and no control characters: neither has a glyph."""
    kept = "".join(
        " " if char.isspace() else char
        for char in text[: _LONGEST + 1]
        if char.isspace() or is_invisible(char) or unicodedata.category(char) not in ("Cc", "Cf")
    )
    words = " ".join(kept.split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}{_ELLIPSIS}"


def _starts_right(text: str) -> bool:
    strong = (unicodedata.bidirectional(char) for char in text)
    return next((kind != "L" for kind in strong if kind in ("L", "R", "AL")), False)


def _broken(text: str, room: float) -> Iterator[str]:
    """Pieces that fit, as many words each as there is room for."""
    rest = text.split(" ")
    held = ""
    for word in rest:
        longer = f"{held} {word}" if held else word
        if _width(longer) <= room:
            held = longer
            continue
        if held:
            yield held
        held = word
        while _width(held) > room:
            start = _fitting(held, room)
            yield start
            held = held[len(start) :]
    if held:
        yield held


def _fitting(word: str, room: float) -> str:
    """As much of a long word as fits, and never less than one character as people count them."""
    found = ""
    for cluster in _clusters(word):
        if found and _width(found + cluster) > room:
            break
        found += cluster
    return found


@lru_cache(maxsize=20_000)
def _width(text: str) -> float:
    """Whatever the order: words keep their length in it."""
    return sum(run.width for run in _shaped(text, rtl=False))


@lru_cache(maxsize=20_000)
def _line(text: str, rtl: bool) -> Line:
    runs = [run for part, leans in _in_order(text, rtl) for run in _shaped(part, rtl=leans)]
    return Line(tuple(runs), sum(run.width for run in runs), rtl)


def _in_order(text: str, rtl: bool) -> list[tuple[str, bool]]:
    """Stretches of one direction, from left to right, each in its own logical order."""
    if not rtl and not any(unicodedata.bidirectional(char) in _RTL for char in text):
        return [(text, False)] if text else []
    levels = _levels(text, rtl)
    stretches = []
    at = 0
    for level, group in groupby(levels):
        length = len(list(group))
        stretches.append((text[at : at + length], level))
        at += length
    for level in range(max(levels), 0, -1):
        stretches = _reversed_from(stretches, level)
    return [(part, bool(level % 2)) for part, level in stretches]


def _reversed_from(stretches: list[tuple[str, int]], least: int) -> list[tuple[str, int]]:
    """Rule L2 of the Unicode bidirectional algorithm, at one level."""
    ordered: list[tuple[str, int]] = []
    for is_reached, group in groupby(stretches, key=lambda stretch: stretch[1] >= least):
        found = list(group)
        ordered += reversed(found) if is_reached else found
    return ordered


def _levels(text: str, rtl: bool) -> list[int]:
    """The embedding level of each character. ``_plain`` has left no explicit embedding in it."""
    storage = bidi.get_empty_storage()
    storage["base_level"] = int(rtl)
    storage["base_dir"] = "R" if rtl else "L"
    bidi.get_embedding_levels("".join(map(_of_a_kind, text)), storage)
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, debug=False)
    bidi.resolve_implicit_levels(storage, debug=False)
    return [char["level"] for char in storage["chars"]]


def _of_a_kind(char: str) -> str:
    """A character that the algorithm does not leave out: a joiner hangs on what is before it."""
    kind = unicodedata.bidirectional(char)
    if kind == "BN":
        return "\N{COMBINING GRAVE ACCENT}"
    return char if kind else "a"


def _shaped(text: str, *, rtl: bool) -> list[Run]:
    """Runs from left to right of a text of one direction."""
    found = []
    for font, group in groupby(_clusters(text), key=font_of):
        part = "".join(group)
        found.append(
            _run(font, part, part, rtl=rtl)
            if font
            else _run(first_font(), _STAND_IN * len(list(_clusters(part))), part, rtl=rtl)
        )
    return found[::-1] if rtl else found


def _run(font: Font, shown: str, text: str, *, rtl: bool) -> Run:
    glyphs = font.shaped(shown, rtl=rtl)
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
