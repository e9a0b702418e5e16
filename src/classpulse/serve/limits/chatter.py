"""What a client says on a socket that only the server has something to say on."""

import time
from collections.abc import Callable

from starlette.types import Message

# A client that keeps its connection open by a word now and then stays far below.
BYTES_PER_MINUTE = 64 * 1024
MESSAGES_PER_MINUTE = 120


class Chatter:
    """Counts what comes; ``too_much`` is called once when it is more than a minute allows."""

    def __init__(self, too_much: Callable[[], None]) -> None:
        self._too_much: Callable[[], None] | None = too_much
        self._minute = 0.0
        self._bytes = 0
        self._messages = 0

    def hear(self, message: Message) -> None:
        """One more message."""
        now = time.monotonic()
        if now - self._minute > 60:
            self._minute, self._bytes, self._messages = now, 0, 0
        self._messages += 1
        self._bytes += len(message.get("text") or message.get("bytes") or "")
        if self._messages > MESSAGES_PER_MINUTE or self._bytes > BYTES_PER_MINUTE:
            call, self._too_much = self._too_much, None
            if call is not None:
                call()
