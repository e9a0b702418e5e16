"""The installation as a script for psql: what ``--print-sql`` prints."""

from collections.abc import Iterator

from classpulse.database.install import plan, scripts
from classpulse.database.install.plan import Statement, Step
from classpulse.sql import queries


def installation() -> str:
    """All that ``migrate`` would run on an empty database; what is there already is skipped."""
    return "\n".join(_installation())


def removal() -> str:
    """All that ``uninstall`` runs."""
    return "\n".join([*_head(), _transaction(plan.removal())])


def _installation() -> Iterator[str]:
    yield from _head()
    yield _transaction(plan.refusal())
    yield _transaction(plan.preparation())
    for script in scripts.migrations():
        pending = Statement(queries("migrate")["is_pending"], (script.path.stem,)).printed()
        yield f"{pending.removesuffix(';')} \\gset"
        yield "\\if :pending"
        yield _transaction(plan.migration(script))
        yield "\\endif"
    yield _transaction(plan.functions(scripts.functions()))
    for script in scripts.triggers():
        yield _transaction(plan.trigger(script))
    yield _transaction(plan.names())
    yield _transaction(plan.roles())
    yield _transaction(plan.search_path())


def _head() -> Iterator[str]:
    yield "\\set ON_ERROR_STOP on"
    yield Statement(queries("migrate")["session"]).printed()


def _transaction(step: Step) -> str:
    printed = "\n".join(statement.printed() for statement in step.statements)
    return f"\n-- {step.name}\nbegin;\n{printed}\ncommit;"
