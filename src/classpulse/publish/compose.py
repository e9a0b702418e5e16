"""An event of several sections as somebody sees it who may see some of them."""

from collections.abc import Sequence

import msgspec

from classpulse.events import Event

Fields = dict[str, msgspec.Raw]
_decode = msgspec.json.Decoder(Fields).decode
# The objects that hold a row's keys, and the keys by which it is found.
_ROWS = ("grade_data", "attendance_data", "exam_data")
_MOVED = "student_moved"
_KEYS = ("student_id", "subject_id", "exam_id", "section_id")


def needs_composing(event: Event) -> bool:
    """Whether different scopes may see different things of this event."""
    return event.parts is not None or len(event.section_ids) > 1


def compose(event: Event, visible: Sequence[int]) -> str:
    """The event as JSON on one line, holding nothing of a section that is not ``visible``.

    ``section_ids`` becomes the visible ones; what belongs to the first of them is merged into
    the event, the rest goes into the list ``also``. Who sees both where a row came to and what it
    left is told the keys that it had there. Numbers stay as they are written, to the last digit.
    """
    whole = _fields(event.payload)
    if "section_ids" in whole:
        whole["section_ids"] = _encoded(list(visible))
    parts = _visible_parts(event, visible)
    if parts:
        _merge(whole, _fields(parts[0]))
    if event.event == _MOVED:
        _tell_move(whole, event, visible)
    if len(parts) > 1:
        whole["also"] = _encoded(parts[1:])
        if set(visible).intersection(event.former_section_ids):
            _tell_former_keys(whole, [_fields(part) for part in parts[1:]])
    return msgspec.json.encode(whole).decode()


def _tell_move(whole: Fields, event: Event, visible: Sequence[int]) -> None:
    """One who sees a single side of a move is told that side, and nothing of the other."""
    left = [section for section in visible if section in event.former_section_ids]
    joined = [section for section in visible if section not in event.former_section_ids]
    if left and joined:
        whole["event"] = _encoded(_MOVED)
        whole["operation"] = _encoded("update")
        whole["from_section_ids"] = _encoded(left)
        whole["to_section_ids"] = _encoded(joined)
    else:
        whole.pop("from_section_ids", None)
        whole.pop("to_section_ids", None)


def _visible_parts(event: Event, visible: Sequence[int]) -> list[msgspec.Raw]:
    parts = event.parts or {}
    return [parts[str(section)] for section in visible if str(section) in parts]


def _merge(whole: Fields, part: Fields) -> None:
    for key, value in part.items():
        known = whole.get(key)
        if known is not None and _is_object(known) and _is_object(value):
            whole[key] = _encoded(_fields(known) | _fields(value))
        else:
            whole[key] = value


def _tell_former_keys(whole: Fields, others: Sequence[Fields]) -> None:
    for name in _ROWS:
        if name not in whole:
            continue
        row = _fields(whole[name])
        if not _is_deletion(whole):
            left = next((part for part in others if name in part and _is_deletion(part)), {})
            old = _fields(left[name]) if left else {}
            # a whole day was in no section
            keys = _KEYS if bytes(old.get("whole_day", b"")) != b"true" else _KEYS[:-1]
            for key in keys:
                if key in old and bytes(old[key]) != bytes(row.get(key, b"")):
                    row[f"previous_{key}"] = old[key]
        whole[name] = _encoded(row)


def _is_deletion(part: Fields) -> bool:
    return bytes(part.get("operation", b"")) == b'"delete"'


def _fields(text: str | msgspec.Raw) -> Fields:
    return _decode(text)


def _encoded(content: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(content))


def _is_object(value: msgspec.Raw) -> bool:
    return bytes(value).lstrip()[:1] == b"{"
