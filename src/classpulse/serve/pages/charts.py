"""Charts as geometry: what a template draws as SVG, so that a page is whole before any script."""

from collections.abc import Iterable, Mapping
from typing import Any

# In the order in which they are stacked, the best at the bottom.
STATUSES = ("present", "late", "excused", "absent")


# One bar with the gap beside it, in units of the drawing.
_STEP = 10


def stacks_of_days(days: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Days of a register as stacked bars, 100 high: where each status begins, and its height."""
    stacks = []
    for place, day in enumerate(days):
        top = 100.0
        parts = []
        for status in STATUSES:
            height = 100 * day[status] / (day["total"] or 1)
            top -= height
            parts.append({"status": status, "y": f"{top:.2f}", "height": f"{height:.2f}"})
        stacks.append({**day, "x": place * _STEP + 1, "parts": parts})
    return stacks
