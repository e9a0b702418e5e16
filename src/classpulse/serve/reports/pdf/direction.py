"""The order of a text that mixes directions (Unicode's bidirectional algorithm, UAX 9).

Explicit embeddings are none of a name's: they are taken out before. The library has no rule N0, so
that brackets around Latin words in a Hebrew name would open and close on the wrong sides.
"""

import unicodedata
from itertools import groupby
from typing import Any

from bidi import algorithm as bidi

_RTL = frozenset({"R", "AL", "AN"})
_CLOSES = {")": "(", "]": "[", "}": "{"}


def starts_right(text: str) -> bool:
    """Whether a text runs from right to left, as its first letter says."""
    strong = (unicodedata.bidirectional(char) for char in text)
    return next((kind != "L" for kind in strong if kind in ("L", "R", "AL")), False)


def in_order(text: str, *, rtl: bool) -> list[tuple[str, bool]]:
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
    """The embedding level of each character."""
    storage = bidi.get_empty_storage()
    storage["base_level"] = int(rtl)
    storage["base_dir"] = "R" if rtl else "L"
    bidi.get_embedding_levels("".join(map(_of_a_kind, text)), storage)
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    _pair_brackets(storage["chars"], "R" if rtl else "L")
    bidi.resolve_neutral_types(storage, debug=False)
    bidi.resolve_implicit_levels(storage, debug=False)
    return [char["level"] for char in storage["chars"]]


def _of_a_kind(char: str) -> str:
    """A character that the algorithm does not leave out: a joiner hangs on what is before it."""
    kind = unicodedata.bidirectional(char)
    if kind == "BN":
        return "\N{COMBINING GRAVE ACCENT}"
    return char if kind else "a"


def _pair_brackets(chars: list[dict[str, Any]], around: str) -> None:
    """Rule N0: a pair of brackets goes along with what is inside of it, or with what is around."""
    opened: list[int] = []
    pairs = []
    for place, char in enumerate(chars):
        if char["ch"] in _CLOSES.values():
            opened.append(place)
        elif char["ch"] in _CLOSES:
            opens = [at for at in opened if chars[at]["ch"] == _CLOSES[char["ch"]]]
            if opens:
                pairs.append((opens[-1], place))
                del opened[opened.index(opens[-1]) :]
    for first, last in sorted(pairs):
        inside = {_strong(char) for char in chars[first + 1 : last]} - {None}
        if not inside:
            continue
        before = next((kind for char in chars[first - 1 :: -1] if (kind := _strong(char))), around)
        kind = around if around in inside or before == around else before
        chars[first]["type"] = chars[last]["type"] = kind


def _strong(char: dict[str, Any]) -> str | None:
    """Numbers count as from right to left; one after a Latin word is a number no more."""
    return {"L": "L", "R": "R", "AL": "R", "EN": "R", "AN": "R"}.get(char["type"])
