"""Who must be looked at for an event: audiences by section, and subscribers by educator."""

from collections.abc import Iterable
from itertools import chain

from classpulse.events import Event, Scope
from classpulse.publish.subscriber import Encode, EventFilter, Seer, Subscriber

# An audience that sees more sections than this is looked at for every event, not filed under each.
MANY_SECTIONS = 64


class Audience:
    """The subscribers that see the same, asked for the same, and take it in the same encoding.

    Whether and how they get an event is decided once for all of them.
    """

    __slots__ = ("encode", "event_filter", "is_unfiltered", "members", "visible")

    # events of a single educator are theirs, not an audience's
    educator_id = None

    def __init__(self, visible: Scope, event_filter: EventFilter, encode: Encode) -> None:
        self.visible = visible
        self.event_filter = event_filter
        self.encode = encode
        self.is_unfiltered = event_filter.passes_all
        self.members: dict[Subscriber, None] = {}

    @property
    def is_wide(self) -> bool:
        """Whether it sees too much to be filed under each of its sections."""
        visible = self.visible
        return (
            visible.everything
            or visible.school_id is not None
            or len(visible.sections) > MANY_SECTIONS
        )


class Index:
    """Attached subscribers, filed so that an event meets few who may not see it.

    It only preselects: whether somebody sees an event is :meth:`Entry.frame_for`'s to say.
    """

    def __init__(self) -> None:
        self._audiences: dict[tuple[Scope, EventFilter, Encode], Audience] = {}
        self._wide: dict[Audience, None] = {}
        self._by_section: dict[int, dict[Audience, None]] = {}
        self._by_educator: dict[int, dict[Subscriber, None]] = {}

    def __len__(self) -> int:
        """How many audiences there are."""
        return len(self._audiences)

    def add(self, subscriber: Subscriber) -> None:
        """Put a subscriber into the audience of those that see the same.

        A scope may hold thousands of sections: equal ones are kept once.
        """
        key = (subscriber.visible, subscriber.event_filter, subscriber.encode)
        audience = self._audiences.get(key)
        if audience is None:
            audience = self._audiences[key] = Audience(*key)
            self._file(audience)
        if subscriber.scope == audience.visible:
            subscriber.scope = audience.visible
        subscriber.visible, subscriber.event_filter = (
            audience.visible,
            audience.event_filter,
        )
        subscriber.audience = audience
        audience.members[subscriber] = None
        self._by_educator.setdefault(subscriber.educator_id, {})[subscriber] = None

    def remove(self, subscriber: Subscriber) -> None:
        """Undo :meth:`add`, whatever the subscriber sees by now."""
        theirs = self._by_educator.get(subscriber.educator_id)
        if theirs is not None:
            theirs.pop(subscriber, None)
            if not theirs:
                del self._by_educator[subscriber.educator_id]
        audience, subscriber.audience = subscriber.audience, None
        if audience is not None:
            audience.members.pop(subscriber, None)
            if not audience.members:
                del self._audiences[audience.visible, audience.event_filter, audience.encode]
                self._unfile(audience)

    def candidates(self, event: Event) -> Iterable[tuple[Seer, Iterable[Subscriber]]]:
        """All who may have to get an event, each once, with whose eyes they see it."""
        if event.educator_id is not None:
            return [(one, (one,)) for one in self._by_educator.get(event.educator_id, ())]
        return [(audience, audience.members) for audience in self._audiences_for(event)]

    def _audiences_for(self, event: Event) -> Iterable[Audience]:
        sections = event.section_ids
        if not sections:
            return self._wide
        if len(sections) == 1:
            return chain(self._wide, self._by_section.get(sections[0], ()))
        some: dict[Audience, None] = {}
        for section in sections:
            some.update(self._by_section.get(section, {}))
        return chain(self._wide, some)

    def _file(self, audience: Audience) -> None:
        if audience.is_wide:
            self._wide[audience] = None
            return
        for section in audience.visible.sections:
            self._by_section.setdefault(section, {})[audience] = None

    def _unfile(self, audience: Audience) -> None:
        if audience.is_wide:
            del self._wide[audience]
            return
        for section in audience.visible.sections:
            filed = self._by_section[section]
            del filed[audience]
            if not filed:
                del self._by_section[section]
