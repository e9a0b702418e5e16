"""Alive, and ready: the second only on proof that a change made now would be shown."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.answers import answer
from classpulse.serve.parameters import NoParameters, read_query
from classpulse.serve.problems import AWAY, RETRY_AFTER, Problem
from classpulse.serve.snapshot import one_statement
from classpulse.sql import queries

_SQL = queries("health")


async def _healthz(request: Request) -> Response:
    read_query(request, NoParameters)
    return answer({"status": "alive"})


async def _readyz(request: Request) -> Response:
    """503 with the reasons until all of it works: database, listener, projector."""
    read_query(request, NoParameters)
    publisher = request.app.state.publisher
    status = publisher.status()
    reasons = []
    if not await _database_answers(request):
        reasons.append("the database does not answer")
    if not status.connected:
        reasons.append("the listener is not connected")
    if not status.capture_intact:
        reasons.append("a capture trigger is missing or switched off: run classpulse migrate")
    if not publisher.alive:
        reasons.append("no proof that a change made now would arrive: no projector has caught up")
    if not status.caught_up:
        reasons.append("the newest events are not handed out yet")
    content: dict[str, Any] = {
        "status": "not ready" if reasons else "ready",
        "reasons": reasons,
        "listening": status.connected,
        "proof_age": status.proof_age,
        "position": status.position,
        "leading": request.app.state.leader.leading,
    }
    if reasons:
        return answer(content, 503, {"Retry-After": RETRY_AFTER})
    return answer(content)


async def _database_answers(request: Request) -> bool:
    try:
        async with one_statement(request.app.state.database) as reader:
            await reader.one(_SQL["answers"])
    except (*AWAY, Problem):
        return False
    return True


routes = [Route("/healthz", _healthz), Route("/readyz", _readyz)]
