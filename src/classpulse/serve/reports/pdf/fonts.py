"""Which font shows which character of a page.

reportlab can shape (with uharfbuzz), but its paragraphs take one font for a text, and its order of
right-to-left text needs a library that is not built everywhere. So a page's text is set here:
HarfBuzz shapes, each character comes from the first font that has it, and reportlab embeds of each
font what was used.

The fonts are Noto's, of a package that ships them as they are published (OFL): Latin, Greek,
Cyrillic and Vietnamese, Arabic, Hebrew, the scripts of India and south-east Asia, Georgian,
Armenian, Ethiopic, symbols, and emoji in one colour. It has no Chinese, Japanese or Korean: those
are taken from the system's fonts where it has them (DejaVu, Noto, Droid, WenQuanYi: outlines in
TrueType, which is what reportlab embeds), and else are a stand-in sign, never nothing.
"""

import logging
import os
import threading
from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import uharfbuzz as hb
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

logger = logging.getLogger(__name__)

_PACKAGE = "manimgx_fonts"
_FIRST = ("NotoSans[wght].ttf", "NotoSansArabic[wght].ttf", "NotoSansHebrew[wght].ttf")
_LATE = ("Symbols", "Emoji")
_SYSTEM = Path("/usr/share/fonts")
_OF_SYSTEM = (
    "**/DejaVuSans.ttf",
    "**/NotoSans*-Regular.ttf",
    "**/DroidSansFallbackFull.ttf",
    "**/wqy-*.ttc",
    "**/wqy-*.ttf",
)
_PRIVATE = 0xE000
# Ligatures would come out of a copied text as one unknown letter.
_FEATURES = {"liga": False, "clig": False, "dlig": False}


class Glyph(NamedTuple):
    """A shaped glyph. Lengths are in thousandths of the font's size; ``code`` is reportlab's."""

    code: int
    cluster: int
    advance: float
    x_offset: float
    y_offset: float
    width: float


class Font:
    """One font file. Its glyphs get codes as they are used, for all pages of the process."""

    def __init__(self, path: Path) -> None:
        self._face = hb.Face(hb.Blob.from_file_path(str(path)))
        self._font = hb.Font(self._face)
        self._scale = 1000 / self._face.upem
        self._codes: dict[int, int] = {}
        self._lock = threading.Lock()
        self._path = path
        self.name = f"classpulse-{path.name}"
        self.covers = frozenset(self._face.unicodes) if self._has_outlines() else frozenset()

    @cached_property
    def embedded(self) -> TTFont:
        """As reportlab knows it; :class:`TTFError` where it can't."""
        with self._lock:
            if "embedded" in self.__dict__:
                return self.__dict__["embedded"]
            font = TTFont(self.name, str(self._path))
            pdfmetrics.registerFont(font)
            return font

    @cached_property
    def is_fit(self) -> bool:
        """Whether reportlab takes it: a system has fonts of all ages."""
        try:
            return self.embedded is not None
        except (TTFError, OSError) as error:
            logger.warning("a font of the system can't be used: %s: %s", self._path, error)
            return False

    def shaped(self, text: str, *, rtl: bool) -> list[Glyph]:
        """The glyphs of a text of one direction, from left to right."""
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if rtl else "ltr"
        hb.shape(self._font, buffer, _FEATURES)
        return [
            self._glyph(info.codepoint, info.cluster, *position)
            for info, position in zip(
                buffer.glyph_infos,
                ((p.x_advance, p.x_offset, p.y_offset) for p in buffer.glyph_positions),
                strict=True,
            )
        ]

    def _has_outlines(self) -> bool:
        """In TrueType: reportlab embeds no other."""
        return "glyf" in self._face.table_tags

    def _glyph(self, gid: int, cluster: int, advance: int, x: int, y: int) -> Glyph:
        code = self._codes.get(gid) or self._new_code(gid)
        scale = self._scale
        width = self.embedded.face.charWidths[code]
        return Glyph(code, cluster, advance * scale, x * scale, y * scale, width)

    def _new_code(self, gid: int) -> int:
        """A character that stands for the glyph: its own, or else one of the private ones."""
        face = self.embedded.face
        with self._lock:
            own: list[int] = [
                code for code in face.glyphToChar.get(gid, ()) if 0x20 <= code < _PRIVATE
            ]
            if own:
                code = own[0]
            else:
                code = _PRIVATE + len(self._codes)
                while code in face.charToGlyph:
                    code += 1
                face.charToGlyph[code] = gid
                face.charWidths[code] = self._font.get_glyph_h_advance(gid) * self._scale
            self._codes[gid] = code
        return code


@lru_cache(maxsize=10_000)
def font_of(cluster: str) -> Font | None:
    """The first font that has all of these characters, which stand together as one."""
    needed = {ord(char) for char in cluster if not is_invisible(char)}
    return next((font for font in _all() if needed <= font.covers and font.is_fit), None)


def first_font() -> Font:
    """The font of all that is ours."""
    return _shipped()[0]


def is_invisible(char: str) -> bool:
    """Joiners and variation selectors, which shape their neighbours and need no glyph."""
    return char in "\u200c\u200d" or "\ufe00" <= char <= "\ufe0f" or char >= "\U000e0100"


def _all() -> Iterator[Font]:
    yield from _shipped()
    yield from _of_system()


@cache
def _shipped() -> tuple[Font, ...]:
    folder = Path(str(files(_PACKAGE)))
    paths = sorted(path for path in folder.glob("*.ttf") if "Italic" not in path.name)
    return tuple(Font(path) for path in sorted(paths, key=_rank))


def _rank(path: Path) -> int:
    """Common scripts first; symbols and emoji last, since they have letters and digits too."""
    if path.name in _FIRST:
        return _FIRST.index(path.name)
    return len(_FIRST) + any(word in path.name for word in _LATE)


@cache
def _of_system() -> tuple[Font, ...]:
    found = (path for pattern in _OF_SYSTEM for path in sorted(_SYSTEM.glob(pattern)))
    return tuple(Font(path) for path in dict.fromkeys(found) if os.access(path, os.R_OK))
