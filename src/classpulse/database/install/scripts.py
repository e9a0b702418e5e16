"""The scripts that make a database classpulse's: what each is called, holds and creates."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from classpulse.assets import folder
from classpulse.sql import queries, read, scripts

_OBJECT = re.compile(
    r"^create or replace (?P<kind>function|procedure|view) (?P<name>\w+\.\w+)", re.MULTILINE
)
_TRIGGER = re.compile(
    r"^create or replace (?:constraint )?trigger (?P<name>\w+)\s.*?\bon (?P<relation>\w+\.\w+)",
    re.MULTILINE | re.DOTALL,
)
_RELATION = re.compile(
    r"^create (?:(?:unlogged )?table|sequence|(?:or replace )?view) (?:if not exists )?"
    r"(?P<name>classpulse\.\w+|public\.(?:performance_|student_performance_)\w+)",
    re.MULTILINE,
)
_PART = re.compile(
    r"^create (?:unique )?index (?:if not exists )?(\w+)|\bconstraint (\w+)"
    r"|\badd column (?:if not exists )?(\w+)",
    re.MULTILINE,
)
_CAPTURE = re.compile(
    r"^select classpulse\.install_capture\('(?P<relation>\w+\.\w+)'", re.MULTILINE
)


@dataclass(frozen=True)
class Created:
    """One object that a script creates; ``relation`` is a trigger's table."""

    kind: str
    name: str
    relation: str = ""


@dataclass(frozen=True)
class Script:
    """One file of SQL that is run again whenever it changed."""

    path: Path

    @property
    def file(self) -> str:
        """Folder and name, as recorded in the database."""
        return f"{self.path.parent.name}/{self.path.name}"

    @cached_property
    def text(self) -> str:
        return read(self.path)

    @cached_property
    def hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def creates(self) -> Iterator[Created]:
        """The objects that a look at the catalog can miss."""
        for match in _OBJECT.finditer(self.text):
            yield Created(match["kind"], match["name"])
        for match in _TRIGGER.finditer(self.text):
            yield Created("trigger", match["name"], match["relation"])

    def captures(self) -> Iterator[str]:
        """The tables whose changes it has captured."""
        for match in _CAPTURE.finditer(self.text):
            yield match["relation"]


def migrations() -> list[Script]:
    """Forward only, each run once."""
    return [Script(path) for path in scripts("migrations")]


def functions() -> list[Script]:
    """Functions, procedures and views, in the order that they build on each other."""
    return [Script(path) for path in scripts("functions", "views")]


def triggers() -> list[Script]:
    """What hangs on the school's tables."""
    return [Script(path) for path in scripts("triggers")]


def objects() -> list[Script]:
    """Every script that is recorded by its file and run again when it changed."""
    return [*functions(), *triggers(), roles()]


@cache
def version() -> str:
    """Of the SQL that the projector's Python must fit: two releases with the same one can take
    turns in one database. Read once: an upgrade may exchange the files under a running process."""
    made = hashlib.sha256()
    for script in [*migrations(), *functions()]:
        made.update(f"{script.file} {script.hash}\n".encode())
    return made.hexdigest()[:16]


def names() -> dict[str, list[str]]:
    """Everything that an installation creates outside of the school's tables, by kind; ``parts``
    are the names of indexes, constraints and columns, whatever they belong to."""
    made = [one for script in functions() for one in script.creates()]
    texts = [queries("migrate")["prepare"], *(script.text for script in migrations())]
    relations = {match["name"] for text in texts for match in _RELATION.finditer(text)}
    parts = {name for text in texts for match in _PART.finditer(text) for name in match.groups("")}
    return {
        "relations": sorted(relations | {one.name for one in made if one.kind == "view"}),
        "routines": sorted({one.name for one in made if one.kind != "view"}),
        "parts": sorted(parts - {""}),
    }


def roles() -> Script:
    """The group roles and their rights."""
    return Script(folder("sql") / "roles.sql")


def search_path() -> Script:
    """What keeps the machinery's schema out of it."""
    return Script(folder("sql") / "search_path.sql")


def refusal() -> Script:
    """What stops an installation before it begins."""
    return Script(folder("sql") / "refusal.sql")


def removal() -> Script:
    """The way back."""
    return Script(folder("sql") / "uninstall.sql")
