"""What was done about students: open, to review this week, closed."""

from typing import Literal

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.api.supports import Filters, supports_in
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.query import ViewQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.shell import view
from classpulse.serve.parameters import Cursor
from classpulse.serve.snapshot import Reader


class SupportsQuery(ViewQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of them."""

    show: Literal["open", "due", "closed"] = "open"
    cursor: Cursor | None = None

    def filters(self) -> Filters:
        """The same as the list takes them."""
        return Filters(
            state="closed" if self.show == "closed" else "open",
            review="due" if self.show == "due" else None,
            cursor=self.cursor,
        )


async def _supports(request: Request, reader: Reader, viewer: Viewer, asked: SupportsQuery) -> Page:
    supports = as_json_values(await supports_in(reader, viewer, asked.filters()))
    return await view(
        request,
        reader,
        viewer,
        "supports.html",
        of="supports",
        asked=asked,
        figures=supports,
        watched=["*"],
        context={"supports": supports},
    )


routes = [Route("/supports", for_viewers(SupportsQuery, _supports))]
