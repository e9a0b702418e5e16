"""What a write meets in the database, in a person's words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from classpulse.serve.problems import Problem


@asynccontextmanager
async def sentences(what: str) -> AsyncIterator[None]:
    """Around a write of ``what``: 422 with the words in which the database refuses a value, 409
    where somebody else wrote the same row at that moment."""
    try:
        yield
    except asyncpg.SerializationError:
        raise conflict(what) from None
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
        hint = f" ({error.hint})" if getattr(error, "hint", None) else ""
        raise Problem(422, f"{str(error).capitalize()}{hint}.") from None


def conflict(what: str) -> Problem:
    """409: what was read is not what is there any more."""
    return Problem(
        409, f"Somebody else changed {what} meanwhile. Load it again, and make your change anew."
    )
