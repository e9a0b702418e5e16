"""Alive, ready to serve figures, and live: three things that fail apart from each other."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.database.install import scripts
from classpulse.serve.answers import json_response
from classpulse.serve.parameters import NoParameters, read_query
from classpulse.serve.problems import AWAY, RETRY_AFTER, Problem
from classpulse.serve.snapshot import Reader, Row, one_statement
from classpulse.sql import queries

_SQL = queries("health")
_DOWN = "the database does not answer: check that it runs and takes connections"
_NOT_INSTALLED = "classpulse is not installed in the database: run classpulse migrate"
_STANDBY = (
    "the database is a read-only standby: promote it, or point DATABASE_URL at the primary;"
    " figures are served meanwhile"
)
_NOT_LISTENING = "the listener is not connected: it tries again by itself, its log says why"
_OTHER_VERSION = (
    "another version of classpulse was installed in this database: restart this process with that"
    " version"
)
_READ_ONLY = (
    "the database is read-only by default, so that no change can be made:"
    " set default_transaction_read_only to off"
)


@dataclass(slots=True)
class _Database:
    """What the database itself says. ``refusal``: why no figure can be served."""

    refusal: str | None = None
    reasons: list[str] = field(default_factory=list)
    set_aside: int = 0
    set_aside_since: Any = None
    #: of how many standings the trend is derived, of how many; none where no one waits
    trends: Row | None = None
    version: str | None = None
    projector: str | None = None


class Probe:
    """Asks the database for all who want to know at the moment: ``/readyz`` has no limit."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._asking: dict[bool, asyncio.Task[_Database]] = {}

    async def ask(self, *, explain: bool, fallback: str | None) -> _Database:
        """What the database says; ``explain``: also why no change arrives, else ``fallback``."""
        task = self._asking.get(explain)
        if task is None or task.done():
            task = asyncio.create_task(_ask(self._database, explain=explain, fallback=fallback))
            self._asking[explain] = task
        return await asyncio.shield(task)


async def _healthz(request: Request) -> Response:
    read_query(request, NoParameters)
    return json_response({"status": "alive"})


async def _readyz(request: Request) -> Response:
    """503 only where no figure can be served; ``live`` only if a change made now would arrive."""
    read_query(request, NoParameters)
    state = request.app.state
    status, leader = state.publisher.status(), state.leader
    obstacle = None if leader is None else leader.obstacle
    fallback = obstacle if status.connected else _NOT_LISTENING
    found = await state.probe.ask(explain=not state.publisher.alive, fallback=fallback)
    content: dict[str, Any] = {
        "status": "not ready" if found.refusal else "ready",
        "live": not found.refusal and not found.reasons,
        "reasons": [found.refusal] if found.refusal else found.reasons,
        "notes": _notes(leader, found),
        "listening": status.connected,
        "proof_age": status.proof_age,
        "position": status.position,
        "leading": leader is not None and leader.leading,
        "projector": found.projector,
        "found_late": 0 if leader is None else leader.found_late,
        "set_aside": found.set_aside,
        "set_aside_since": found.set_aside_since,
        "trends": found.trends,
    }
    if found.refusal:
        return json_response(content, 503, {"Retry-After": RETRY_AFTER})
    return json_response(content)


async def _ask(database: Any, *, explain: bool, fallback: str | None) -> _Database:
    try:
        async with one_statement(database) as reader:
            told = await reader.only(_SQL["answers"])
            if not told["is_installed"]:
                return _Database(_NOT_INSTALLED)
            found = _Database()
            # a database of an older release has no such columns: the projector says so
            with contextlib.suppress(asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError):
                waiting = await reader.only(_SQL["set_aside"])
                found.set_aside = waiting["set_aside"]
                found.set_aside_since = waiting["set_aside_since"]
                led = await reader.only(_SQL["projector"])
                found.version, found.projector = led["version"], led["projector"]
                trends = await reader.only(_SQL["trends"])
                found.trends = trends if trends["of"] else None
            if told["is_standby"] or told["is_read_only"]:
                found.reasons.append(_STANDBY if told["is_standby"] else _READ_ONLY)
            elif explain:
                found.reasons = await _explained(reader, fallback)
            return found
    except (*AWAY, Problem):
        return _Database(_DOWN)


async def _explained(reader: Reader, fallback: str | None) -> list[str]:
    """Why no change arrives: what the database knows, else the ``fallback``."""
    try:
        reasons = [row["sentence"] for row in await reader.all(_SQL["problems"])]
        holder = await reader.one(_SQL["lock_holder"])
    except asyncpg.PostgresError:
        # another version's schema: the projector says so, too
        return [fallback or "another version of classpulse was installed: run classpulse migrate"]
    return reasons or [fallback or _no_proof(holder)]


def _no_proof(holder: Row | None) -> str:
    if holder is None:
        return (
            "no process projects: start classpulse project or classpulse serve, or wait for one"
            " that is starting"
        )
    return (
        "no proof that a change made now would arrive yet: the projector's lock is held by pid"
        f" {holder['pid']} of role {holder['role']} ({holder['application']}); if this stays,"
        " end that session"
    )


def _notes(leader: Any, found: _Database) -> list[str]:
    """What somebody should know though changes arrive."""
    if leader is not None:
        return [leader.obstacle] if leader.obstacle else []
    # where nobody here would project, nobody else here would notice
    is_other = found.version is not None and found.version != scripts.version()
    return [_OTHER_VERSION] if is_other else []


routes = [Route("/healthz", _healthz), Route("/readyz", _readyz)]
