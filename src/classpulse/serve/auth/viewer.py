"""Who looks, and what they may see."""

from dataclasses import dataclass

from classpulse.events import Scope
from classpulse.rights import Bearer
from classpulse.serve.auth.tokens import Claims

_NO_TOKEN = Bearer("")


@dataclass(frozen=True)
class Viewer:
    """An active educator with the rights that they hold now, not when their token was made.

    ``session`` is what a token that is issued now must carry. ``token`` is the one that they came
    with; ``None`` where they were looked up without one.
    """

    educator_id: int
    name: str
    email: str
    role: str
    school_id: int | None
    scope: Scope
    session: str = ""
    token: Claims | None = None

    @property
    def bearer(self) -> Bearer:
        """What decides whether their token holds before it expires."""
        return _NO_TOKEN if self.token is None else self.token.bearer

    @property
    def jti(self) -> str:
        """The name of their token."""
        return self.bearer.jti

    @property
    def expires_at(self) -> float:
        """When their token ends, in unix seconds."""
        return 0.0 if self.token is None else self.token.expires_at
