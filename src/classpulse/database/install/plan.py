"""What one transaction of an installation does, run by us or printed for psql."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from classpulse.database.install import scripts
from classpulse.database.install.scripts import Script
from classpulse.sql import queries

_PARAMETER = re.compile(r"\$(\d)")


@dataclass(frozen=True)
class Statement:
    """SQL with the texts for its ``$1``, ``$2`` …; without any it may be a whole script."""

    sql: str
    values: tuple[str, ...] = ()

    def printed(self) -> str:
        """With the values as literals. Only for printing: what we run is sent with parameters."""
        sql = self.sql.rstrip().removesuffix(";")
        if self.values:
            sql = _PARAMETER.sub(lambda match: _literal(self.values[int(match[1]) - 1]), sql)
        return f"{sql};"


@dataclass(frozen=True)
class Step:
    """One transaction."""

    name: str
    statements: tuple[Statement, ...]


def refusal() -> Step:
    """Fails where something else has one of our names."""
    return Step(scripts.refusal().file, (Statement(scripts.refusal().text),))


def preparation() -> Step:
    """Where an installation keeps its records."""
    return Step("schema classpulse", (Statement(queries("migrate")["prepare"]),))


def migration(script: Script) -> Step:
    """A migration and the row that says that it ran."""
    record = Statement(queries("migrate")["record_migration"], (script.path.stem,))
    return Step(script.file, (Statement(script.text), record))


def functions(group: Sequence[Script]) -> Step:
    """All that changed together; nobody but the machinery may call them."""
    name = group[0].file if len(group) == 1 else f"{group[0].file} to {group[-1].path.name}"
    statements = [statement for script in group for statement in _recorded(script)]
    statements += [statement for script in group for statement in _worded(script)]
    files = json.dumps([script.file for script in scripts.objects()])
    statements += [
        Statement(queries("migrate")["forget_files"], (files,)),
        Statement(queries("migrate")["close_functions"]),
        *version().statements,
    ]
    return Step(name, tuple(statements))


def trigger(script: Script) -> Step:
    """One table's triggers."""
    return Step(script.file, (*_recorded(script), *_worded(script)))


def names() -> Step:
    """Those who are there already. Not together with the views: a large school takes a minute,
    and readers would wait for them."""
    return Step("names of students", (Statement(queries("project")["name_everyone"]),))


def version() -> Step:
    """Which SQL the database has now, for the Python that leads."""
    record = Statement(queries("migrate")["record_version"], (scripts.version(),))
    return Step("version", (record, Statement(queries("migrate")["announce_version"])))


def roles() -> Step:
    """The group roles and their rights."""
    return Step(scripts.roles().file, _recorded(scripts.roles()))


def search_path() -> Step:
    """Nobody's leads into the machinery. Roles come and go, so this is done every time."""
    return Step(scripts.search_path().file, (Statement(scripts.search_path().text),))


def retry() -> Step:
    """What the version before could not handle is tried again at once."""
    return Step("sections set aside", (Statement(queries("project")["retry_set_aside"]),))


def removal() -> Step:
    """The way back."""
    names = Statement(queries("migrate")["shipped"], (json.dumps(scripts.names()),))
    return Step(scripts.removal().file, (names, Statement(scripts.removal().text)))


def _recorded(script: Script) -> tuple[Statement, ...]:
    record = Statement(queries("migrate")["record_object"], (script.file, script.hash))
    return (Statement(script.text), record)


def _worded(script: Script) -> Iterator[Statement]:
    """Remember how Postgres words what it created."""
    for made in script.creates():
        yield Statement(
            queries("migrate")["record_definition"],
            (made.kind, made.name, made.relation, script.file),
        )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
