"""What the storages of ``limits`` have in common here."""

from typing import Any, NoReturn

import asyncpg
from limits.aio.storage.base import Storage

from classpulse.serve.problems import AWAY, Problem

# What a statement on the shared counts raises while Postgres is away, starting, full or too slow.
LOST = (*AWAY, asyncpg.PostgresError, Problem)


class WindowStorage(Storage):
    """A storage for moving windows only: fixed ones would let twice as many through."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What the library may wrap in its own error."""
        return LOST

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Not of this storage."""
        self._no_fixed_window()

    async def get(self, key: str) -> int:
        """Not of this storage."""
        self._no_fixed_window()

    async def get_expiry(self, key: str) -> float:
        """Not of this storage."""
        self._no_fixed_window()

    async def check(self) -> bool:
        """Always: without Postgres each process counts for itself."""
        return True

    async def reset(self) -> int | None:
        """Not of this storage: counts are other processes' too."""
        return None

    async def clear(self, key: str) -> Any:
        """Not of this storage."""
        self._no_fixed_window()

    def _no_fixed_window(self) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__} has no fixed windows")
