"""An event of several sections as somebody sees it who may see some of them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from classpulse.events import Event


def needs_composing(event: Event) -> bool:
    """Whether different scopes may see different things of this event."""
    return event.parts is not None or len(event.section_ids) > 1


def compose(event: Event, visible: Sequence[int]) -> str:
    """The event as JSON on one line, holding nothing of a section that is not ``visible``.

    ``section_ids`` becomes the visible ones; what belongs to the first of them is merged into
    the event, the rest goes into the list ``also``.
    """
    whole: dict[str, Any] = msgspec.json.decode(event.payload)
    if "section_ids" in whole:
        whole["section_ids"] = list(visible)
    if event.parts is not None:
        parts = [
            msgspec.json.decode(event.parts[str(section)])
            for section in visible
            if str(section) in event.parts
        ]
        if parts:
            _merge(whole, parts[0])
        if len(parts) > 1:
            whole["also"] = parts[1:]
    return msgspec.json.encode(whole).decode()


def _merge(whole: dict[str, Any], part: dict[str, Any]) -> None:
    for key, value in part.items():
        known = whole.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            whole[key] = known | value
        else:
            whole[key] = value
