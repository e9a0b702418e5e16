"""WCAG 2.2 AA of the palette: 4.5:1 for text, 3:1 for what must be seen besides."""

import itertools
import math
import re
from typing import Literal

import pytest

from classpulse.assets import folder

TOKENS = folder("static").joinpath("css/tokens.css").read_text()
_COLOURS = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS)
STATUSES = ("present", "late", "excused", "absent")
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
    # the letter of a day; the usual day is a dot without one
    *(("on-status", status) for status in ("late", "excused", "absent")),
]
GRAPHICS = [
    ("bar", "surface"),
    ("bar-low", "surface"),
    ("bar", "surface-sunk"),
    ("line-strong", "paper"),
    ("line-strong", "surface"),
    ("accent", "paper"),
    ("accent", "accent-soft"),
    *((status, "surface") for status in STATUSES),
    *((status, "surface-sunk") for status in STATUSES),
    ("bad", "surface"),
]


def palette(scheme: Literal["light", "dark"]) -> dict[str, str]:
    place = ("light", "dark").index(scheme)
    return {name: colours[place] for name, *colours in _COLOURS}


def test_every_colour_is_told_once_for_both_schemes() -> None:
    """No colour stands anywhere that the palette here would not see."""
    told = re.findall(r"#[0-9a-f]{3,8}\b|rgb|hsl", TOKENS)
    assert len(told) == 2 * len(_COLOURS)
    assert len({name for name, *_ in _COLOURS}) == len(_COLOURS)


def test_a_chosen_theme_decides_and_else_the_system() -> None:
    assert re.search(r":root \{\s*color-scheme: light dark;", TOKENS)
    for scheme in ("light", "dark"):
        chosen = rf':root\[data-theme="{scheme}"\] \{{\s*color-scheme: {scheme};\s*\}}'
        assert re.search(chosen, TOKENS)
    assert "prefers-color-scheme" not in TOKENS


def luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
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


# How the world looks with one kind of cone missing: Machado, Oliveira and Fernandes (2009), of
# linear red, green and blue.
_EYES = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def lightness_and_colour(colour: str, eyes: str) -> tuple[float, float, float]:
    """CIE L*, a*, b* of what these eyes make of a colour."""
    linear = _linear(colour)
    seen = [
        min(max(sum(part * channel for part, channel in zip(row, linear, strict=True)), 0), 1)
        for row in _EYES[eyes]
    ]
    rows = (
        (0.4124 / 0.95047, 0.3576 / 0.95047, 0.1805 / 0.95047),
        (0.2126, 0.7152, 0.0722),
        (0.0193 / 1.08883, 0.1192 / 1.08883, 0.9505 / 1.08883),
    )
    x, y, z = (
        _cube(sum(part * channel for part, channel in zip(row, seen, strict=True))) for row in rows
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _linear(colour: str) -> list[float]:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    return [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    ]


def _cube(share: float) -> float:
    return share ** (1 / 3) if share > 0.008856 else 7.787 * share + 16 / 116


@pytest.mark.parametrize("eyes", list(_EYES))
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_attendance_is_told_apart_by_every_eye_and_by_lightness_alone(
    scheme: Literal["light", "dark"], eyes: str
) -> None:
    colours = palette(scheme)
    for one, other in itertools.combinations(STATUSES, 2):
        here, there = (lightness_and_colour(colours[name], eyes) for name in (one, other))
        assert math.dist(here, there) >= 15, (one, other)
        if eyes == "all cones":
            assert abs(here[0] - there[0]) >= 8, (one, other)
