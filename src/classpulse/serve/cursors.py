"""Where a list goes on: opaque to clients, checked when it comes back."""

import base64
import binascii
from typing import TypeVar

import msgspec
from msgspec import Struct

from classpulse.serve.problems import Problem

C = TypeVar("C", bound=Struct)


def write(cursor: Struct) -> str:
    """The text of a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read(text: str | None, kind: type[C]) -> C | None:
    """The cursor that ``write`` made of the same kind; anything else is a 400 problem."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(raw, type=kind)
        if "\\u0000" in raw.decode():
            raise ValueError
    except (binascii.Error, msgspec.MsgspecError, ValueError, RecursionError):
        raise refused() from None
    return cursor


def refused() -> Problem:
    """The cursor is of another list, or of nobody's making."""
    return Problem(
        400,
        "The cursor is not one of this list: take `next` of the answer before, and keep the rest.",
        errors=[{"parameter": "cursor", "detail": "not a cursor of this list"}],
    )
