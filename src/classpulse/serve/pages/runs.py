"""Similar events as one entry of the list of the newest. ``static/js/runs.js`` is the live twin.

Thirty grades of one exam are one line that grows, not thirty lines.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from classpulse.serve.pages.happenings import Event, happening
from classpulse.serve.pages.likeness import Likeness, counted, likeness_of

#: entries that the list holds
MOST_RUNS = 30
#: rows that a run counts one by one; the next row begins another
MOST_ROWS = 500
#: an event that comes later than this after the newest of its like begins another run
APART = timedelta(minutes=15)


@dataclass(slots=True)
class Run:
    """One entry: ``count`` events alike, the newest ``at``, known by the id of its first event.

    ``rows`` is what became of each row, where that has to be counted. ``record`` is what is shown.
    """

    key: str
    group: str | None
    at: str
    count: int = 0
    rows: dict[str, str] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)


class Runs:
    """The newest entries, of events that come in the log's order."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._position = 0
        self._runs: list[Run] = []
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
        words = happening(event)
        if words is None or event["position"] <= self._position:
            return False
        self._position = event["position"]
        likeness = likeness_of(event)
        run = self._going_on(likeness, words["at"]) or Run(
            words["id"], likeness.group if likeness else None, words["at"]
        )
        run.at = words["at"]
        run.count += 1
        if likeness is not None and likeness.text is None:
            row, state = likeness.row
            if not (likeness.trifle and row in run.rows):
                run.rows[row] = state
        run.record = (
            _single(run, words)
            if likeness is None or run.count == 1
            else _many(run, words, likeness)
        )
        self._runs = [run, *(other for other in self._runs if other is not run)][:MOST_RUNS]
        return True

    def _going_on(self, likeness: Likeness | None, at: str) -> Run | None:
        """The newest run of the same group, if it takes another event."""
        if likeness is None:
            return None
        for run in self._runs:
            if run.group == likeness.group:
                near = abs(datetime.fromisoformat(at) - datetime.fromisoformat(run.at)) <= APART
                has_room = len(run.rows) < MOST_ROWS or likeness.row[0] in run.rows
                return run if near and has_room else None
        return None


def _single(run: Run, words: dict[str, Any]) -> dict[str, Any]:
    return {
        **_common(run, words),
        "title": words["title"],
        "title_student_id": words["student_id"],
        "text": words["text"],
        "place": words["place"],
        "student": None,
        "change": None,
    }


def _many(run: Run, words: dict[str, Any], likeness: Likeness) -> dict[str, Any]:
    return {
        **_common(run, words),
        "title": likeness.title,
        "title_student_id": None,
        "text": likeness.text or counted(words["kind"], run.rows),
        "place": likeness.place,
        "student": likeness.student.get("student_name"),
        "change": likeness.change,
    }


def _common(run: Run, words: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": run.key,
        "at": run.at,
        "kind": words["kind"],
        "count": run.count,
        "student_id": words["student_id"],
    }
