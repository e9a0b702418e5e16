"""The installation as a script for psql: what ``--print-sql`` prints."""

from collections.abc import Iterator

from classpulse.database import shipped, steps
from classpulse.database.steps import Statement, Step
from classpulse.sql import queries


def installation() -> str:
    """All that ``migrate`` would run on an empty database; what is there already is skipped."""
    return "\n".join(_installation())


def removal() -> str:
    """All that ``uninstall`` runs."""
    return "\n".join([*_head(), _transaction(steps.removal())])


def _installation() -> Iterator[str]:
    yield from _head()
    yield _transaction(steps.refusal())
    yield _transaction(steps.preparation())
    for script in shipped.migrations():
        pending = Statement(queries("migrate")["is_pending"], (script.path.stem,)).printed()
        yield f"{pending.removesuffix(';')} \\gset"
        yield "\\if :pending"
        yield _transaction(steps.migration(script))
        yield "\\endif"
    yield _transaction(steps.functions(shipped.functions()))
    for script in shipped.triggers():
        yield _transaction(steps.trigger(script))
    yield _transaction(steps.names())
    yield _transaction(steps.roles())
    yield _transaction(steps.search_path())


def _head() -> Iterator[str]:
    yield "\\set ON_ERROR_STOP on"
    yield Statement(queries("migrate")["session"]).printed()


def _transaction(step: Step) -> str:
    printed = "\n".join(statement.printed() for statement in step.statements)
    return f"\n-- {step.name}\nbegin;\n{printed}\ncommit;"
