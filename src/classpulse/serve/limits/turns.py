"""Whose password is checked next: few at a time, a bounded number waits, each in fair turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

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
class Turn:
    """One who waits for their turn, or has it."""

    address: str
    account: str
    gone: Gone
    called: "asyncio.Future[None] | None" = None


class Turns:
    """The next is of the address, then of the account, that had its last turn longest ago.

    So one that asks again and again waits behind those that ask once.
    """

    def __init__(self) -> None:
        # those who wait and those who have it
        self._turns: list[Turn] = []
        self._running = 0
        self._number = 0
        self._last: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._turns)

    @asynccontextmanager
    async def turn(self, address: str, account: str, gone: Gone) -> AsyncIterator[Turn]:
        """Wait for a turn and hold it until the block ends.

        :class:`NoRoom` at once where too many wait.
        """
        if not self._has_room(address, account):
            for one in list(self._turns):
                if await one.gone():
                    self._give_up(one)
            if not self._has_room(address, account):
                raise NoRoom
        turn = Turn(address, account, gone)
        self._turns.append(turn)
        try:
            if self._running < AT_A_TIME:
                self._begin(turn)
            else:
                await self._called(turn)
            try:
                yield turn
            finally:
                self._running -= 1
                self._call_next()
        finally:
            if turn in self._turns:
                self._turns.remove(turn)

    async def _called(self, turn: Turn) -> None:
        turn.called = asyncio.get_running_loop().create_future()
        try:
            await turn.called
        except asyncio.CancelledError:
            if not turn.called.cancelled():
                # called, and cancelled before it heard: the turn is the next one's
                self._running -= 1
                self._call_next()
            raise

    def _has_room(self, address: str, account: str) -> bool:
        return (
            len(self._turns) < AT_A_TIME + WAITING
            and sum(one.address == address for one in self._turns) < AT_A_TIME + WAITING_PER_ADDRESS
            and sum(one.account == account for one in self._turns) < AT_A_TIME + WAITING_PER_ACCOUNT
        )

    def _call_next(self) -> None:
        while self._running < AT_A_TIME:
            waiting = [
                one for one in self._turns if one.called is not None and not one.called.done()
            ]
            if not waiting:
                return
            self._begin(min(waiting, key=self._last_turn))

    def _begin(self, turn: Turn) -> None:
        self._running += 1
        if len(self._last) > _REMEMBERED:
            self._last.clear()
        self._number += 1
        self._last[f"address {turn.address}"] = self._number
        self._last[f"account {turn.account}"] = self._number
        if turn.called is not None:
            turn.called.set_result(None)

    def _last_turn(self, turn: Turn) -> tuple[int, int]:
        return (
            self._last.get(f"address {turn.address}", 0),
            self._last.get(f"account {turn.account}", 0),
        )

    def _give_up(self, turn: Turn) -> None:
        """Its client has left: it finds out, without a turn of anybody else's."""
        if turn in self._turns:
            self._turns.remove(turn)
            if turn.called is not None and not turn.called.done():
                self._running += 1
                turn.called.set_result(None)
