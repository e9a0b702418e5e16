"""Templates into answers: one environment, escaping always, unknown names an error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import anyio
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from classpulse.assets import folder
from classpulse.serve.pages.display import change_shown, length_of_bar, shown
from classpulse.serve.pages.static_files import StaticFiles

# Nothing inline, nothing from elsewhere: a name that carries markup has nowhere to go.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {"content-security-policy": _POLICY, "cache-control": "no-store"}


# One request before the first paint. The order is that of the page, from the frame to its states.
_SHEETS = (
    "tokens",
    "base",
    "shell",
    "find",
    "login",
    "panels",
    "table",
    "charts",
    "card",
    "grading",
    "supports",
    "feed",
    "indicator",
    "print",
)


@cache
def static_files() -> StaticFiles:
    """What the pages refer to, with all style sheets as one."""
    sheets = [f"css/{sheet}.css" for sheet in _SHEETS]
    return StaticFiles(folder("static"), {"css/all.css": sheets})


@dataclass(frozen=True)
class Page:
    """A page that was read and is not written yet."""

    template: str
    context: Mapping[str, Any]
    # other than as a whole page in any case
    write: Callable[[str, Mapping[str, Any]], Response] | None = None

    async def written(self) -> Response:
        """In a thread: a long one takes its time, and the event loop has streams to serve."""
        return await anyio.to_thread.run_sync(self.write or page, self.template, self.context)


def page(
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A whole page that nobody keeps: it shows what one person may see."""
    body = _environment().get_template(template).render(context)
    return HTMLResponse(body, status, {**_HEADERS, **(headers or {})})


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(shown=shown, length_of_bar=length_of_bar, change_shown=change_shown)
    environment.globals["theme"] = None
    environment.globals["static"] = static_files().address
    return environment
