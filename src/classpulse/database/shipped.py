"""The scripts that make a database classpulse's: what each is called, holds and creates."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from classpulse.assets import folder
from classpulse.sql import read, scripts

_OBJECT = re.compile(
    r"^create or replace (?P<kind>function|procedure|view) (?P<name>\w+\.\w+)", re.MULTILINE
)
_TRIGGER = re.compile(
    r"^create or replace (?:constraint )?trigger (?P<name>\w+)\s.*?\bon (?P<relation>\w+\.\w+)",
    re.MULTILINE | re.DOTALL,
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
    return [Script(path) for path in scripts("functions")]


def triggers() -> list[Script]:
    """What hangs on the school's tables."""
    return [Script(path) for path in scripts("triggers")]


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
