"""Passwords: argon2id, hashed in a few threads so that the event loop stays free."""

import secrets
from functools import cache

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# One hash takes 64 MB and tens of milliseconds: so many at a time, the others wait.
_AT_A_TIME = 2
_HASHER = PasswordHasher()
_limiter: RunVar[CapacityLimiter] = RunVar("classpulse_password_limiter")


async def hash_password(password: str) -> str:
    """An argon2id hash with a salt of its own."""
    return await anyio.to_thread.run_sync(_HASHER.hash, password, limiter=_threads())


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether ``password`` made the ``stored`` hash.

    Without a hash (an unknown e-mail) it takes as long, and is never true.
    """
    matches = await anyio.to_thread.run_sync(
        _verify, stored or _nobody(), password, limiter=_threads()
    )
    return matches and stored is not None


def _threads() -> CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(_AT_A_TIME)
        _limiter.set(limiter)
        return limiter


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))
