"""The SQL that ships with classpulse: folders of scripts, and named queries by room."""

import re
from functools import cache
from pathlib import Path
from textwrap import indent
from types import MappingProxyType

from classpulse.assets import folder

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_INCLUDE = re.compile(r"^(?P<indent> *)-- include: (?P<part>\w+)$", re.MULTILINE)


def read(path: Path) -> str:
    """A file of SQL as it is run: with the parts of ``sql/shared`` that it includes.

    In ASCII, which every database's encoding holds: only comments have anything else.
    """
    return _INCLUDE.sub(_included, path.read_text()).encode("ascii", "replace").decode()


def _included(line: re.Match[str]) -> str:
    part = folder("sql").joinpath("shared", f"{line['part']}.sql").read_text()
    # a part may have parts
    return indent(_INCLUDE.sub(_included, part.rstrip()), line["indent"])


@cache
def queries(room: str) -> MappingProxyType[str, str]:
    """The statements of ``sql/queries/<room>.sql`` by their name.

    A statement starts at a line ``-- name: <word>`` and ends before the next.
    """
    return MappingProxyType(parse(read(folder("sql") / "queries" / f"{room}.sql")))


def parse(text: str) -> dict[str, str]:
    """Split one query file; a name given twice is an error."""
    _, *pieces = _NAME.split(text)
    found: dict[str, str] = {}
    for name, statement in zip(pieces[::2], pieces[1::2], strict=True):
        if name in found:
            raise ValueError(f"query {name} is defined twice")
        found[name] = statement.strip().removesuffix(";")
    return found


def scripts(*kinds: str) -> list[Path]:
    """The ``.sql`` files of ``sql/<kind>``, those of several kinds in one order of their names."""
    found = [path for kind in kinds for path in folder("sql").joinpath(kind).glob("*.sql")]
    return sorted(found, key=lambda path: path.name)
