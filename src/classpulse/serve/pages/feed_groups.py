"""Similar events as one entry of the newest. ``static/js/feed-groups.js`` is the live twin.

Thirty grades of one exam are one line that grows, not thirty lines.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from classpulse.serve.pages.feed_entry import Event, feed_entry
from classpulse.serve.pages.feed_grouping import Grouping, counted, grouping_of

#: entries that the list holds
MOST_RUNS = 30
#: rows that a run counts one by one; the next row begins another
MOST_ROWS = 500
#: an event that comes later than this after the newest of its like begins another run
APART = timedelta(minutes=15)


@dataclass(slots=True)
class FeedGroup:
    """One entry: ``count`` events alike, the newest ``at``, known by the id of its first event.

    ``rows`` is what became of each row, where that has to be counted. ``record`` is what is shown.
    """

    key: str
    group: str | None
    at: str
    count: int = 0
    rows: dict[str, str] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)


class FeedGroups:
    """The newest entries, of events that come in the log's order."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._position = 0
        self._runs: list[FeedGroup] = []
        for event in events:
            self.add(event)

    @property
    def records(self) -> list[dict[str, Any]]:
        """What the list shows, the newest first; ``student`` and ``change`` are the newest
        event's, of an entry of several."""
        return [run.record for run in self._runs]

    @property
    def state(self) -> dict[str, Any]:
        """What the live page must know to let these entries grow."""
        return {
            "position": self._position,
            "runs": [
                {name: getattr(run, name) for name in ("key", "group", "at", "count", "rows")}
                for run in self._runs
            ],
        }

    def add(self, event: Event) -> bool:
        """Take in an event; whether the list shows it and has not counted it before."""
        words = feed_entry(event)
        if words is None or event["position"] <= self._position:
            return False
        self._position = event["position"]
        grouping = grouping_of(event)
        run = self._going_on(grouping, words["at"]) or FeedGroup(
            words["id"], grouping.group if grouping else None, words["at"]
        )
        run.at = words["at"]
        run.count += 1
        if grouping is not None and grouping.text is None:
            row, state = grouping.row
            if not (grouping.is_minor and row in run.rows):
                run.rows[row] = state
        run.record = (
            _single(run, words)
            if grouping is None or run.count == 1
            else _many(run, words, grouping)
        )
        self._runs = [run, *(other for other in self._runs if other is not run)][:MOST_RUNS]
        return True

    def _going_on(self, grouping: Grouping | None, at: str) -> FeedGroup | None:
        """The newest run of the same group, if it takes another event."""
        if grouping is None:
            return None
        for run in self._runs:
            if run.group == grouping.group:
                near = abs(datetime.fromisoformat(at) - datetime.fromisoformat(run.at)) <= APART
                has_room = len(run.rows) < MOST_ROWS or grouping.row[0] in run.rows
                return run if near and has_room else None
        return None


def _single(run: FeedGroup, words: dict[str, Any]) -> dict[str, Any]:
    return {
        **_common(run, words),
        "title": words["title"],
        "title_student_id": words["student_id"],
        "text": words["text"],
        "place": words["place"],
        "student": None,
        "change": None,
    }


def _many(run: FeedGroup, words: dict[str, Any], grouping: Grouping) -> dict[str, Any]:
    return {
        **_common(run, words),
        "title": grouping.title,
        "title_student_id": None,
        "text": grouping.text or counted(words["kind"], run.rows),
        "place": grouping.place,
        "student": grouping.student.get("student_name"),
        "change": grouping.change,
    }


def _common(run: FeedGroup, words: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": run.key,
        "at": run.at,
        "kind": words["kind"],
        "count": run.count,
        "student_id": words["student_id"],
    }
