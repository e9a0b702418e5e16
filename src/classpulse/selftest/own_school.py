"""A school of the self-test's own: made by SQL, removed whatever happens."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import asyncpg
from argon2 import PasswordHasher

from classpulse.sql import queries

_SQL = queries("check")
_REMOVAL = (
    "remove_grades",
    "remove_attendance",
    "remove_exams",
    "remove_students",
    "remove_subjects",
    "remove_passwords",
    "remove_educators",
    "remove_sections",
    "remove_school",
)


@dataclass(frozen=True)
class OwnSchool:
    """Ids of its rows. The educator teaches ``section_id``, not ``other_section_id``."""

    school_id: int
    section_id: int
    other_section_id: int
    subject_id: int
    educator_id: int
    students: tuple[int, ...]
    email: str
    password: str


@asynccontextmanager
async def own_school(connection: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[OwnSchool]:
    """Make it, and remove it at the end, also after an error or Ctrl-C."""
    mark = secrets.token_hex(6)
    email, password = f"check-{mark}@classpulse.invalid", secrets.token_urlsafe(24)
    hashed = PasswordHasher().hash(password)
    for left in await connection.fetch(_SQL["left_behind"]):
        await _remove(connection, left["id"])
    async with connection.transaction():
        made = await connection.fetchrow(_SQL["make_school"], f"classpulse-check-{mark}", email)
        assert made is not None
        await connection.execute(_SQL["give_password"], made["educator_id"], hashed)
        await connection.execute(_SQL["teach"], made["section_id"], made["educator_id"])
        students = await connection.fetch(
            _SQL["make_students"], made["school_id"], made["section_id"]
        )
    try:
        yield OwnSchool(
            **made,
            students=tuple(student["student_id"] for student in students),
            email=email,
            password=password,
        )
    finally:
        with anyio.CancelScope(shield=True):
            await _remove(connection, made["school_id"])


async def _remove(connection: "asyncpg.Connection[asyncpg.Record]", school_id: int) -> None:
    async with connection.transaction():
        for statement in _REMOVAL:
            await connection.execute(_SQL[statement], school_id)
