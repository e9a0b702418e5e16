"""What an educator may see now, and which tokens speak for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from classpulse.events import Scope


@dataclass(frozen=True, slots=True)
class Bearer:
    """The token that somebody came with, as far as it can end before its time.

    ``session`` is what its educator's sessions were called when it was issued; ``None`` in one
    that was signed elsewhere with our secret: it counts by ``issued_at``, in unix seconds.
    """

    jti: str
    issued_at: float = inf
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """Of an active educator, as read at one moment.

    ``since``: from when on tokens without a session hold, in unix seconds. ``revoked``: those of
    the tokens asked about that were signed out, with the seconds until they end.
    """

    scope: Scope
    session: str = ""
    since: float = -inf
    revoked: Mapping[str, float] = field(default_factory=dict)

    def hold_for(self, bearer: Bearer) -> bool:
        """Whether a token speaks for this educator now."""
        if self.seconds_left(bearer) <= 0:
            return False
        if bearer.session is None:
            return bearer.issued_at >= self.since
        return bearer.session == self.session

    def seconds_left(self, bearer: Bearer) -> float:
        """Until a token ends because it was signed out."""
        return self.revoked.get(bearer.jti, inf)
