"""Who must be looked at for an event: subscribers by section, and by educator."""

from collections.abc import Iterable
from itertools import chain

from classpulse.events import Event
from classpulse.publish.subscriber import Subscriber

# Whoever sees more sections than this is looked at for every event, not filed under each.
MANY_SECTIONS = 64


class Index:
    """Attached subscribers, filed so that an event meets few who may not see it.

    It only preselects: whether somebody sees an event is :meth:`Entry.frame_for`'s to say.
    """

    def __init__(self) -> None:
        self._wide: dict[Subscriber, None] = {}
        self._by_section: dict[int, dict[Subscriber, None]] = {}
        self._by_educator: dict[int, dict[Subscriber, None]] = {}

    def add(self, subscriber: Subscriber) -> None:
        """File a subscriber under what it sees."""
        _file(self._by_educator, subscriber.educator_id, subscriber)
        if _is_wide(subscriber):
            self._wide[subscriber] = None
            return
        for section in subscriber.sight.sections:
            _file(self._by_section, section, subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        """Undo :meth:`add`; ``sight`` must be what it was then."""
        _unfile(self._by_educator, subscriber.educator_id, subscriber)
        self._wide.pop(subscriber, None)
        if not _is_wide(subscriber):
            for section in subscriber.sight.sections:
                _unfile(self._by_section, section, subscriber)

    def candidates(self, event: Event) -> Iterable[Subscriber]:
        """All who may have to get an event, each once."""
        if event.educator_id is not None:
            return self._by_educator.get(event.educator_id, ())
        sections = event.section_ids
        if not sections:
            return self._wide
        if len(sections) == 1:
            return chain(self._wide, self._by_section.get(sections[0], ()))
        some: dict[Subscriber, None] = {}
        for section in sections:
            some.update(self._by_section.get(section, {}))
        return chain(self._wide, some)


def _is_wide(subscriber: Subscriber) -> bool:
    sight = subscriber.sight
    return sight.everything or sight.school_id is not None or len(sight.sections) > MANY_SECTIONS


def _file(shelf: dict[int, dict[Subscriber, None]], number: int, subscriber: Subscriber) -> None:
    shelf.setdefault(number, {})[subscriber] = None


def _unfile(shelf: dict[int, dict[Subscriber, None]], number: int, subscriber: Subscriber) -> None:
    filed = shelf.get(number)
    if filed is not None:
        filed.pop(subscriber, None)
        if not filed:
            del shelf[number]
