"""Take classpulse out of a database."""

from classpulse.database import steps
from classpulse.database.migrate import PATIENCE_SECONDS
from classpulse.database.session import session


async def uninstall(url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Remove triggers, cached figures and machinery; the school's tables and rows stay.

    A second call does no harm. The group roles stay too: they belong to the whole cluster.
    """
    async with session(url, patience_seconds, lambda _: None) as installing:
        await installing.run(steps.removal())
