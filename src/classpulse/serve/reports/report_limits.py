"""How many reports a process makes at once, so that making them leaves it time for all else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from classpulse.serve.problems import unavailable
from classpulse.serve.reports.pdf.drawer import Drawer
from classpulse.serve.reports.report_query import Format

# Drawing pages and sheets is work for one core, which Python does no faster in parallel. A report
# of any format holds a database connection while its rows are read: some must stay for the rest.
_AT_ONCE: dict[Format, int] = {"csv": 3, "xlsx": 1, "pdf": 1}
_PATIENCE = 30.0


class ReportLimits:
    """The turns of the reports of a process, and who draws its pages."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self.turns = {form: anyio.CapacityLimiter(n) for form, n in _AT_ONCE.items()}
        self.drawer = Drawer()
        self._patience = patience

    @asynccontextmanager
    async def turn(self, form: Format) -> AsyncIterator[None]:
        """Wait for a turn; a 503 problem where others take too long."""
        turns = self.turns[form]
        with anyio.move_on_after(self._patience) as waiting:
            await turns.acquire()
        if waiting.cancelled_caught:
            raise unavailable("Other reports are being made. Try again in a moment.")
        try:
            yield
        finally:
            turns.release()
