"""The rights of those who open a stream: read once for all that come at the same time."""

import asyncio

from databases import Database
from starlette.applications import Starlette

from classpulse.serve.auth.scope import viewers_of
from classpulse.serve.auth.tokens import Claims
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.problems import unavailable

# Statements at a time, and tokens in each. After a restart all come back within seconds.
_STATEMENTS = 2
_AT_ONCE = 200
# Seconds that somebody waits for a statement to begin.
_WAIT = 5.0

_Asked = tuple[Claims, "asyncio.Future[Viewer | None]"]


class Arrivals:
    """Nobody waits for company, but those who come while statements run share the next one.

    The rights are those of a moment after each has asked, as with a statement of their own.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: list[_Asked] = []
        self._running: set[asyncio.Task[None]] = set()
        self._give_up: asyncio.TimerHandle | None = None

    async def viewer(self, claims: Claims) -> Viewer | None:
        """Whose token it is, with the rights of this moment; ``None`` if it does not hold."""
        found: asyncio.Future[Viewer | None] = asyncio.get_running_loop().create_future()
        self._asked.append((claims, found))
        self._begin()
        return await found

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asked and len(self._running) < _STATEMENTS:
            some, self._asked = self._asked[:_AT_ONCE], self._asked[_AT_ONCE:]
            task = loop.create_task(self._answer(some))
            self._running.add(task)
            task.add_done_callback(self._answered)
        if self._give_up is not None and not self._asked:
            self._give_up.cancel()
            self._give_up = None
        elif self._give_up is None and self._asked:
            self._give_up = loop.call_later(_WAIT, self._refuse)

    def _answered(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if self._give_up is not None:
            self._give_up.cancel()
            self._give_up = None
        self._begin()

    async def _answer(self, some: list[_Asked]) -> None:
        # who has left meanwhile needs no answer
        some = [one for one in some if not one[1].done()]
        try:
            viewers = await viewers_of(self._database, [claims for claims, _ in some])
        except BaseException as error:
            for _, future in some:
                if not future.done():
                    if isinstance(error, Exception):
                        future.set_exception(error)
                    else:
                        future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), viewer in zip(some, viewers, strict=True):
            if not future.done():
                future.set_result(viewer)

    def _refuse(self) -> None:
        """No statement has ended for too long."""
        self._give_up = None
        asked, self._asked = self._asked, []
        for _, future in asked:
            if not future.done():
                future.set_exception(unavailable("The database is busy. Try again in a moment."))


async def arriving(app: Starlette, claims: Claims) -> Viewer | None:
    """:meth:`Arrivals.viewer` of an application."""
    arrivals: Arrivals = app.state.arrivals
    return await arrivals.viewer(claims)
