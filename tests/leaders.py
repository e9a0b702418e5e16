"""A leader in the test's own process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

from classpulse.project.leader import Leader


@contextlib.asynccontextmanager
async def leading(url: str) -> AsyncIterator[Leader]:
    """It leads, until the block ends."""
    leader = Leader(url, retention=timedelta(days=7))
    task = asyncio.create_task(leader.run())
    try:
        async with asyncio.timeout(10):
            while not leader.leading:
                await asyncio.sleep(0.01)
        yield leader
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
