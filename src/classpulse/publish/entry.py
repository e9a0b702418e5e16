"""An event on its way out, encoded once for all who see the same of it."""

import msgspec

from classpulse.events import Event
from classpulse.publish.compose import compose, needs_composing
from classpulse.publish.subscriber import Encode, Message, Seer


class _Identified(msgspec.Struct):
    id: str


_decode_id = msgspec.json.Decoder(_Identified).decode


class Entry:
    """An event with its encodings, made when first needed."""

    __slots__ = ("_composed", "_frames", "_id", "composing", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.composing = needs_composing(event)
        self._id: str | None = None
        self._frames: dict[Encode, bytes] = {}
        self._composed: dict[tuple[tuple[int, ...], Encode], bytes] = {}

    @property
    def id(self) -> str:
        """The event's own id: one epoch and its position."""
        if self._id is None:
            self._id = _decode_id(self.event.payload).id
        return self._id

    def frame_for(self, seer: Seer) -> bytes | None:
        """The bytes for a subscriber or an audience, or ``None`` if it is not theirs to see or was
        not asked for."""
        event = self.event
        if event.educator_id is not None:
            return self._plain(seer.encode) if event.educator_id == seer.educator_id else None
        visible = seer.visible
        if not (seer.is_unfiltered or seer.event_filter.matches(event, visible)):
            return None
        if not event.section_ids:
            school = visible.school_id is not None and visible.school_id == event.school_id
            return self._plain(seer.encode) if visible.everything or school else None
        if not self.composing:
            is_seen = visible.everything or event.section_ids[0] in visible.sections
            return self._plain(seer.encode) if is_seen else None
        sections = visible.visible(event.section_ids)
        return self._for_sections(sections, seer.encode) if sections else None

    def _plain(self, encode: Encode) -> bytes:
        frame = self._frames.get(encode)
        if frame is None:
            event = self.event
            frame = self._frames[encode] = encode(Message(event.type, event.payload, self.id))
        return frame

    def _for_sections(self, visible: tuple[int, ...], encode: Encode) -> bytes:
        key = (visible, encode)
        frame = self._composed.get(key)
        if frame is None:
            data = compose(self.event, visible)
            frame = self._composed[key] = encode(Message(self.event.type, data, self.id))
        return frame
