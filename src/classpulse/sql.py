"""The SQL that ships with classpulse: folders of scripts, and named queries by room."""

import re
from functools import cache
from pathlib import Path
from types import MappingProxyType

from classpulse.assets import folder

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def queries(room: str) -> MappingProxyType[str, str]:
    """The statements of ``sql/queries/<room>.sql`` by their name.

    A statement starts at a line ``-- name: <word>`` and ends before the next.
    """
    return MappingProxyType(parse(folder("sql").joinpath("queries", f"{room}.sql").read_text()))


def parse(text: str) -> dict[str, str]:
    """Split one query file; a name given twice is an error."""
    _, *pieces = _NAME.split(text)
    found: dict[str, str] = {}
    for name, statement in zip(pieces[::2], pieces[1::2], strict=True):
        if name in found:
            raise ValueError(f"query {name} is defined twice")
        found[name] = statement.strip().removesuffix(";")
    return found


def scripts(kind: str) -> list[Path]:
    """The ``.sql`` files of ``sql/<kind>``, in the order of their names."""
    return sorted(folder("sql").joinpath(kind).glob("*.sql"))
