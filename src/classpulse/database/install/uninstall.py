"""Take classpulse out of a database."""

from classpulse.database.install import plan
from classpulse.database.install.installer import session
from classpulse.database.install.migrate import PATIENCE_SECONDS


async def uninstall(url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> list[str]:
    """Remove triggers, cached figures and machinery; the school's tables and rows stay.

    Returns what is to be said of things that stay in our schema because they are not ours. Raises
    :class:`MigrationError`, with nothing changed, where somebody built on what would go. A second
    call does no harm. The group roles stay too: they belong to the whole cluster.
    """
    warnings: list[str] = []
    async with session(url, patience_seconds, warnings.append) as installing:
        await installing.run(plan.removal())
    return warnings
