"""Stored passwords for tests whose subject is not what a guess costs."""

from argon2 import PasswordHasher

# A hash says itself what it takes to check: this one next to nothing, not 64 MB and four threads.
_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def quick_hash(password: str) -> str:
    """An argon2id hash that a server checks as it does any other, only sooner."""
    return _HASHER.hash(password)
