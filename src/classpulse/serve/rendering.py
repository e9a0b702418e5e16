"""Templates into answers: one environment, escaping always, unknown names an error."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from classpulse.assets import folder
from classpulse.serve.addresses import student_link
from classpulse.serve.display import length_of_bar, shown
from classpulse.serve.static_files import StaticFiles

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


@cache
def static_files() -> StaticFiles:
    return StaticFiles(folder("static"))


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
    environment.filters.update(shown=shown, length_of_bar=length_of_bar, student_link=student_link)
    environment.globals["static"] = static_files().address
    return environment
