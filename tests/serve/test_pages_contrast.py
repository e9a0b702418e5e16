"""WCAG 2.2 AA of the palette: 4.5:1 for text, 3:1 for what must be seen besides."""

import re
from typing import Literal

import pytest

from classpulse.assets import folder

TOKENS = folder("static").joinpath("css/tokens.css").read_text()
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-soft") for ground in ("paper", "surface")),
    ("ink", "surface-sunk"),
    ("ink-soft", "surface-sunk"),
    ("ink", "accent-soft"),
    ("ink", "wait-soft"),
    ("ink", "good-soft"),
    ("ink", "bad-soft"),
    ("ink", "fresh"),
    ("ink-soft", "fresh"),
    ("accent", "surface"),
    ("accent-ink", "accent"),
    ("good", "good-soft"),
    ("wait", "wait-soft"),
    ("bad", "bad-soft"),
]
GRAPHICS = [
    ("bar", "surface"),
    ("bar-low", "surface"),
    ("bar", "surface-sunk"),
    ("line-strong", "paper"),
    ("line-strong", "surface"),
    ("accent", "paper"),
    ("accent", "accent-soft"),
]


def palette(scheme: Literal["light", "dark"]) -> dict[str, str]:
    light, dark = TOKENS.split("@media screen and (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    return found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark if scheme == "dark" else ""))


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "ground", "least"),
    [*((*pair, 4.5) for pair in TEXT), *((*pair, 3.0) for pair in GRAPHICS)],
)
def test_everything_can_be_read(
    scheme: Literal["light", "dark"], front: str, ground: str, least: float
) -> None:
    colours = palette(scheme)
    assert contrast(colours[front], colours[ground]) >= least
