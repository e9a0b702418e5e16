"""The newest events, kept in memory so that a short absence costs the database nothing."""

from collections import deque

from classpulse.publish.entry import Entry

RING_EVENTS = 2000
RING_BYTES = 8 * 1024 * 1024


class Ring:
    """Entries in order of position, bounded in number and in bytes of payload.

    ``start``: everything after this position is here.
    """

    def __init__(self, *, events: int = RING_EVENTS, size: int = RING_BYTES) -> None:
        self._entries: deque[Entry] = deque()
        self._most_events = events
        self._most_bytes = size
        self._bytes = 0
        self.start = 0

    def __len__(self) -> int:
        return len(self._entries)

    def append(self, entry: Entry) -> None:
        """Add the newest; the oldest leave."""
        self._entries.append(entry)
        self._bytes += len(entry.event.payload)
        while len(self._entries) > self._most_events or self._bytes > self._most_bytes:
            gone = self._entries.popleft().event
            self._bytes -= len(gone.payload)
            self.start = gone.position

    def restart(self, start: int) -> None:
        """Forget everything; what comes after ``start`` will be appended."""
        self._entries.clear()
        self._bytes = 0
        self.start = start

    def covers(self, after: int) -> bool:
        """Whether everything after a position is here."""
        return after >= self.start

    def since(self, after: int) -> list[Entry]:
        """The entries after a position, oldest first."""
        newest: list[Entry] = []
        for entry in reversed(self._entries):
            if entry.event.position <= after:
                break
            newest.append(entry)
        newest.reverse()
        return newest
