"""The overview of one scope as all its readers have it, and what has changed since."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from classpulse.events import Event, EventId, Scope
from classpulse.publish.reading import MOST_ROWS, Asked, Listed, Reading
from classpulse.publish.subscriber import OVERVIEW, Subscriber

# Of so many rows it is remembered what was sent last; of others a change is always sent.
_REMEMBERED = 1000
# Rows of more bytes than this together are fetched by who wants them.
_MOST_BYTES = 36_000
# Their figures are those of one subject; all other events may concern each subject of a section.
_OF_A_SUBJECT = frozenset({"grade_update", "exam_created", "exam_updated", "exam_deleted"})
_ROWS = ("sections", "subjects")


class ScopeOverview:
    """All ``readers`` are in step: each was given a whole overview, then the same changes.

    ``waiting`` are those that get a whole one next. Both name the rights that held when the
    subscriber came: with others it must get nothing more of this scope.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.readers: dict[Subscriber, Scope] = {}
        self.waiting: dict[Subscriber, Scope] = {}
        self.is_running = False
        # not before this moment of the loop's clock
        self.not_before = 0.0
        # it failed or took long, and must not hold up others
        self.is_slow = False
        self.is_faulty = False
        self._position = 0
        self._sent: dict[str, int] = {}
        self._rows: dict[tuple[str, int], int] = {}
        self._subjects: frozenset[int] = frozenset()
        self._listed: Listed | None = None
        self._is_touched = False
        # by id, in how many events; what the last reading may have held already counts as two
        self._sections: dict[int, int] = {}
        self._asked_subjects: dict[int, int] = {}
        self._whole_sections: set[int] = set()
        self._refetch = False
        # rows that changed more than once since the reading before
        self._often: set[tuple[str, int]] = set()

    @property
    def is_due(self) -> bool:
        """Whether somebody is to be told something."""
        return any(not one.busy for one in self.waiting) or (
            bool(self.readers) and self._is_touched
        )

    def drop_gone(self) -> bool:
        """Forget who left or has other rights now; ``False`` if nobody is left."""
        for some in (self.readers, self.waiting):
            gone = [one for one, visible in some.items() if one.closed or one.visible != visible]
            for one in gone:
                del some[one]
        return bool(self.readers or self.waiting)

    def hear(self, event: Event) -> None:
        """Note what an event may have changed here."""
        if self._refetch:
            return
        sections = self.scope.visible(event.section_ids)
        if event.type == "figures_changed":
            self._refetch = self._is_touched = True
            return
        if not sections:
            return
        self._is_touched = True
        weight = 2 if event.position <= self._position else 1
        for section in sections:
            self._sections[section] = self._sections.get(section, 0) + weight
        if event.type in _OF_A_SUBJECT:
            for subject in (event.subject_id, event.former_subject_id):
                if subject is not None:
                    before = self._asked_subjects.get(subject, 0)
                    self._asked_subjects[subject] = before + weight
        else:
            self._whole_sections.update(sections)
        if max(len(self._sections), len(self._asked_subjects)) > MOST_ROWS:
            self._refetch = True

    def ask(self) -> Asked | None:
        """What to read for the readers, if anything; it counts as read from here on."""
        if not self.readers or not self._is_touched:
            return None
        if self._refetch:
            asked = Asked(refetch=True)
        else:
            asked = Asked(
                sections=frozenset(self._sections),
                subjects=frozenset(self._asked_subjects),
                whole_sections=frozenset(self._whole_sections),
                listed=self._listed,
            )
        self._often = {
            *(("sections", id_) for id_, count in self._sections.items() if count > 1),
            *(("subjects", id_) for id_, count in self._asked_subjects.items() if count > 1),
        }
        self._settle()
        return asked

    def start_over(self) -> None:
        """What was asked for could not be read: all get a whole one."""
        self.waiting |= self.readers
        self.readers = {}

    def difference(self, reading: Reading, asked: Asked) -> str | None:
        """What has changed for the readers, as JSON; ``None`` where nothing has."""
        self._position = _position(reading.as_of)
        if reading.listed is not None:
            self._listed = reading.listed
        content = _content(reading)
        lists = {name: raw for name, raw in reading.lists.items() if self._is_new(name, raw)}
        refetch = asked.refetch or not self._subjects.isdisjoint(reading.missing)
        self._subjects = reading.subject_ids
        rows = {} if refetch else self._changed_rows(reading)
        if any(len(some) > MOST_ROWS for some in rows.values()) or _size(rows) > _MOST_BYTES:
            refetch = True
        if refetch:
            # a client that fetches them may have others than were sent
            self._rows, rows = {}, {}
        is_new = self._is_new("totals", reading.totals)
        if not (refetch or is_new or lists or any(rows.values())):
            return None
        content |= lists
        content |= {name: rows.get(name, []) for name in _ROWS}
        if refetch:
            content["refetch"] = True
        return _encoded(content)

    def begin_whole(self) -> None:
        """A whole one is about to be read: without readers what was touched is in it."""
        if not self.readers:
            self._settle()
            self._sent, self._rows, self._listed = {}, {}, None

    def whole(self, reading: Reading) -> str:
        """All of it, for who waits, as JSON."""
        rows = {name: getattr(reading, name) for name in _ROWS}
        known = {(name, id_): hash(bytes(raw)) for name in _ROWS for id_, raw in rows[name].items()}
        sent = {name: hash(bytes(raw)) for name, raw in reading.lists.items()}
        sent["totals"] = hash(bytes(reading.totals))
        if self.readers:
            # Only what all have may be left out later on.
            for key, digest in known.items():
                if self._rows.get(key) != digest:
                    self._rows.pop(key, None)
            self._sent = {name: old for name, old in self._sent.items() if sent.get(name) == old}
        else:
            self._rows, self._sent = known, sent
            self._position = _position(reading.as_of)
            self._listed = reading.listed
            self._subjects = reading.subject_ids
        content = _content(reading) | {"whole": True} | dict(reading.lists)
        content |= {name: list(rows[name].values()) for name in _ROWS}
        if reading.truncated:
            content["truncated"] = True
        return _encoded(content)

    def _settle(self) -> None:
        self._sections, self._asked_subjects, self._whole_sections = {}, {}, set()
        self._is_touched = self._refetch = False

    def _is_new(self, name: str, raw: msgspec.Raw) -> bool:
        digest = hash(bytes(raw))
        if self._sent.get(name) == digest:
            return False
        self._sent[name] = digest
        return True

    def _changed_rows(self, reading: Reading) -> dict[str, list[msgspec.Raw]]:
        found: dict[str, list[msgspec.Raw]] = {}
        for name in _ROWS:
            rows: Mapping[int, msgspec.Raw] = getattr(reading, name)
            found[name] = []
            for id_, raw in rows.items():
                key, digest = (name, id_), hash(bytes(raw))
                # What changed twice may have been read by somebody in between, and be as it was.
                if self._rows.pop(key, None) != digest or key in self._often:
                    found[name].append(raw)
                self._rows[key] = digest
        while len(self._rows) > _REMEMBERED:
            del self._rows[next(iter(self._rows))]
        return found


def _content(reading: Reading) -> dict[str, Any]:
    return {"type": OVERVIEW, "event": OVERVIEW, **reading.head, "totals": reading.totals}


def _size(rows: Mapping[str, Iterable[msgspec.Raw]]) -> int:
    return sum(len(bytes(raw)) for some in rows.values() for raw in some)


def _position(as_of: str) -> int:
    known = EventId.parse(as_of)
    return 0 if known is None else known.position


def _encoded(content: dict[str, Any]) -> str:
    return msgspec.json.encode(content).decode()
