"""Whose password is checked next: few at a time, a bounded number waits, each in fair turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

# A check costs 64 MB and all of a core for some 50 ms.
AT_A_TIME = 2
WAITING = 20
WAITING_PER_ADDRESS = 10
WAITING_PER_ACCOUNT = 4
_REMEMBERED = 10_000

Gone = Callable[[], Awaitable[bool]]


class NoRoom(Exception):  # noqa: N818 (a state, not a fault)
    """As many wait as may."""


@dataclass(eq=False, slots=True)
class _Waiting:
    address: str
    account: str
    gone: Gone
    called: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Turns:
    """The next is of the address, then of the account, that had its last turn longest ago.

    So one that asks again and again waits behind those that ask once.
    """

    def __init__(self) -> None:
        self._running = 0
        self._waiting: list[_Waiting] = []
        self._number = 0
        self._last: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def turn(self, address: str, account: str, gone: Gone) -> AsyncIterator[None]:
        """Wait for a turn and hold it; :class:`NoRoom` at once where too many wait."""
        if self._running >= AT_A_TIME:
            await self._wait(address, account, gone)
        else:
            self._running += 1
        self._note(address, account)
        try:
            yield
        finally:
            self._running -= 1
            self._call_next()

    async def require_room(self, address: str, account: str) -> None:
        """:class:`NoRoom` if a turn would have to be waited for by too many."""
        if self._running < AT_A_TIME or self._has_room(address, account):
            return
        for one in list(self._waiting):
            if await one.gone():
                self._drop(one)
        if not self._has_room(address, account):
            raise NoRoom

    async def _wait(self, address: str, account: str, gone: Gone) -> None:
        await self.require_room(address, account)
        waiting = _Waiting(address, account, gone)
        self._waiting.append(waiting)
        self._call_next()
        try:
            await waiting.called
        except asyncio.CancelledError:
            if waiting.called.done() and not waiting.called.cancelled():
                # called, and cancelled before it heard: the turn is the next one's
                self._running -= 1
                self._call_next()
            raise
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def _has_room(self, address: str, account: str) -> bool:
        return (
            len(self._waiting) < WAITING
            and sum(one.address == address for one in self._waiting) < WAITING_PER_ADDRESS
            and sum(one.account == account for one in self._waiting) < WAITING_PER_ACCOUNT
        )

    def _call_next(self) -> None:
        while self._running < AT_A_TIME and self._waiting:
            following = min(
                self._waiting,
                key=lambda one: (
                    self._last.get(f"address {one.address}", 0),
                    self._last.get(f"account {one.account}", 0),
                ),
            )
            self._waiting.remove(following)
            if not following.called.done():
                self._running += 1
                following.called.set_result(None)
                self._note(following.address, following.account)

    def _drop(self, one: _Waiting) -> None:
        """Its client has left: it goes on, and finds out, without a turn of anybody else's."""
        if one in self._waiting:
            self._waiting.remove(one)
            if not one.called.done():
                self._running += 1
                one.called.set_result(None)

    def _note(self, address: str, account: str) -> None:
        if len(self._last) > _REMEMBERED:
            self._last.clear()
        self._number += 1
        self._last[f"address {address}"] = self._number
        self._last[f"account {account}"] = self._number
