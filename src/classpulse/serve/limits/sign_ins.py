"""An attempt to sign in: counted as failed from its start until it succeeds."""

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from databases import Database
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import ClientDisconnect, Request

from classpulse.serve.limits.address import address_of
from classpulse.serve.limits.failed_sign_ins import FailedSignIns
from classpulse.serve.limits.storage import LOST
from classpulse.serve.limits.turns import NoRoom, Turn, Turns
from classpulse.serve.problems import Problem

logger = logging.getLogger(__name__)

MINUTES = 15
# Those who wait are through in less.
_BUSY_SECONDS = 2


class Attempt:
    """One attempt; :meth:`succeeded` says that the password was right."""

    def __init__(self) -> None:
        self.failed = True

    def succeeded(self) -> None:
        """It is no failure."""
        self.failed = False


class SignIns:
    """Bounds failed attempts per account and per address, and how many wait to be checked."""

    def __init__(self, database: Database, per_account: int, per_address: int) -> None:
        self._failed = FailedSignIns(database)
        self._limiter = MovingWindowRateLimiter(self._failed)
        self._per_account = per_account and RateLimitItemPerMinute(per_account, MINUTES)
        self._per_address = per_address and RateLimitItemPerMinute(per_address, MINUTES)
        self._turns = Turns()

    @asynccontextmanager
    async def turn(self, request: Request, email: str) -> AsyncIterator[Turn]:
        """Wait for a turn to look at the account and at the password.

        A 429 problem at once where too many wait. Who has left when it comes costs nothing.
        """
        account = _hashed(email.lower())
        async with AsyncExitStack() as stack:
            try:
                turn = await stack.enter_async_context(
                    self._turns.turn(address_of(request), account, request.is_disconnected)
                )
            except NoRoom:
                raise too_many("Too many people are signing in now.", _BUSY_SECONDS) from None
            if await turn.gone():
                raise ClientDisconnect
            yield turn

    @asynccontextmanager
    async def attempt(self, turn: Turn, educator_id: int | None) -> AsyncIterator[Attempt]:
        """An attempt at this account; a 429 problem where it has no right to one.

        Accounts that do not exist are counted as well: an answer must not tell which do.
        """
        account = turn.account if educator_id is None else _hashed(f"educator {educator_id}")
        counted: list[str] = []
        attempt = Attempt()
        try:
            await self._count(self._per_account, account, counted, "for this account")
            await self._count(self._per_address, turn.address, counted, "from your network")
            yield attempt
        except Problem as problem:
            # whatever else went wrong, it was not the password
            attempt.failed = problem.status == 401
            raise
        except BaseException:
            attempt.succeeded()
            raise
        finally:
            if not attempt.failed:
                # a separate task: who leaves now must not leave the count behind
                await asyncio.shield(asyncio.create_task(self._take_back(counted)))

    async def forget(self) -> None:
        """Drop what no window reaches any more."""
        await self._failed.forget(MINUTES * 60)

    async def _count(
        self, limit: RateLimitItem | int, name: str, counted: list[str], whose: str
    ) -> None:
        if not isinstance(limit, RateLimitItem):
            return
        if not await self._limiter.hit(limit, name):
            reset, _ = await self._limiter.get_window_stats(limit, name)
            seconds = max(1, math.ceil(reset - time.time()))
            raise too_many(f"Too many failed sign-ins {whose}.", seconds)
        counted.append(limit.key_for(name))

    async def _take_back(self, counted: list[str]) -> None:
        try:
            for key in counted:
                await self._failed.take_back(key)
        except LOST as error:
            logger.info("a sign-in that succeeded counts as failed: %s", error)


def too_many(what: str, seconds: int) -> Problem:
    """429: what there was too much of, and when to try again."""
    when = f"{seconds} seconds" if seconds < 120 else f"{math.ceil(seconds / 60)} minutes"
    if seconds == 1:
        when = "a second"
    return Problem(429, f"{what} Try again in {when}.", headers={"Retry-After": str(seconds)})


def _hashed(name: str) -> str:
    """What was typed as an e-mail address is kept by nobody."""
    return hashlib.sha256(name.encode()).hexdigest()
