"""Who looks, and what they may see."""

from dataclasses import dataclass

from classpulse.events import Scope


@dataclass(frozen=True)
class Viewer:
    """An active educator with the rights that they hold now, not when their token was made.

    ``jti`` and ``expires_at`` (unix seconds) are those of the token that they came with; empty
    and 0 where they were looked up without one.
    """

    educator_id: int
    name: str
    email: str
    role: str
    school_id: int | None
    scope: Scope
    jti: str = ""
    expires_at: float = 0.0
