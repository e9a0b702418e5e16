"""The pages: signing in and out, and the overview. All of them work without JavaScript."""

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from classpulse.serve import problems, tokens
from classpulse.serve.answers import encode
from classpulse.serve.auth import COOKIE, same_site, viewer_of, viewer_of_token
from classpulse.serve.display import overview_shown
from classpulse.serve.form import form, local_path
from classpulse.serve.happenings import HAPPENING_TYPES, happening
from classpulse.serve.history import history_of
from classpulse.serve.overview import overview_of
from classpulse.serve.parameters import NoParameters, read_query
from classpulse.serve.problems import AWAY, Problem, as_problem, unavailable
from classpulse.serve.rendering import page, static_files
from classpulse.serve.sessions import drop_cookies, set_cookies, sign_in, sign_out
from classpulse.serve.viewer import Viewer

logger = logging.getLogger(__name__)
Endpoint = Callable[[Request], Awaitable[Response]]

_NEWEST = 30
_WRONG = "The e-mail or the password is wrong. Please try again."
_INCOMPLETE = "Please give your e-mail and your password."
_FOREIGN = "That form was not sent from this site’s own page. Please sign in here."
_SEES = {
    "educator": "The sections you teach, in the current term",
    "principal": "Your whole school, in the current term",
    "admin": "Every school, in the current term",
}


class Next(Struct, frozen=True, forbid_unknown_fields=True):
    """Of ``GET /login``: where to go on."""

    next: str | None = None


async def overview(request: Request) -> Response:
    """The overview, or the way to sign in."""
    read_query(request, NoParameters)
    viewer = await _signed_in(request)
    if viewer is None:
        return _to_login(request)
    database = request.app.state.database
    # Through JSON, so that the page shows what its stream will tell.
    figures = _plain(await overview_of(database, viewer))
    # Read later than the figures: what happened in between comes over the stream once more, and
    # the page knows an event by its id.
    events = _plain(await history_of(database, viewer, limit=_NEWEST, types=HAPPENING_TYPES))
    return page(
        "overview.html",
        {
            **_shell(request, viewer),
            "as_of_time": figures["as_of_time"],
            "scope_text": _SEES[viewer.role],
            "overview": overview_shown(figures),
            "happenings": [happening(event) for event in events["items"]],
            "modules": static_files().names("js"),
        },
    )


async def login_form(request: Request) -> Response:
    """The form to sign in; who is signed in goes on at once."""
    target = local_path(read_query(request, Next).next)
    if await _signed_in(request) is not None:
        return RedirectResponse(target, 303)
    return _login_page(target)


async def login(request: Request) -> Response:
    """Sign in and go on; else the form again, with what is wrong and all but the password."""
    read_query(request, NoParameters)
    fields = await form(request)
    target = local_path(fields.get("next"))
    email, password = fields.get("email", "").strip(), fields.get("password", "")
    # Without this a foreign page could sign its visitor in as somebody else.
    if not same_site(request):
        return _login_page(target, email, _FOREIGN, 403)
    if not email or not password or "\0" in email + password or len(email) > 320:
        return _login_page(target, email, _INCOMPLETE, 422)
    try:
        _, token = await sign_in(request, email, password)
    except Problem as problem:
        words = _WRONG if problem.status == 401 else problem.detail
        headers = {k: v for k, v in problem.headers.items() if k.lower() == "retry-after"}
        return _login_page(target, email, words, problem.status, headers)
    response = RedirectResponse(target, 303)
    set_cookies(request, response, token)
    return response


async def logout(request: Request) -> Response:
    """Sign out. A form that is out of date, or not ours, changes nothing and shows the page."""
    read_query(request, NoParameters)
    fields = await form(request)
    try:
        viewer = await viewer_of_token(request.app, request.cookies.get(COOKIE, ""))
    except Problem as problem:
        if problem.status != 401:
            raise
    else:
        expected = tokens.csrf(request.app.state.jwt_secret, viewer.jti)
        sent = fields.get("csrf_token", "")
        if not same_site(request) or not hmac.compare_digest(sent.encode(), expected.encode()):
            return RedirectResponse("/", 303)
        await sign_out(request, viewer)
    response = RedirectResponse("/login", 303)
    drop_cookies(request, response)
    return response


def _login_page(
    target: str,
    email: str = "",
    problem: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    context = {"next": target, "email": email, "problem": problem}
    return page("login.html", context, status, headers)


async def _signed_in(request: Request) -> Viewer | None:
    try:
        return await viewer_of(request)
    except Problem as problem:
        if problem.status != 401:
            raise
        return None


def _shell(request: Request, viewer: Viewer) -> dict[str, Any]:
    return {
        "viewer_id": viewer.educator_id,
        "viewer_name": viewer.name,
        "csrf_token": tokens.csrf(request.app.state.jwt_secret, viewer.jti),
    }


def _plain(content: Any) -> Any:
    return msgspec.json.decode(encode(content))


def _to_login(request: Request) -> Response:
    target = request.url.path
    query = "" if target == "/" else "?" + urlencode({"next": target})
    return RedirectResponse(f"/login{query}", 303)


def _for_people(endpoint: Endpoint) -> Endpoint:
    """The endpoint with its problems as a page, not as JSON."""

    @wraps(endpoint)
    async def respond(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as problem:
            return _problem_page(request, problem)
        except AWAY as error:
            logger.warning("the database did not answer: %s: %s", type(error).__name__, error)
            return _problem_page(request, unavailable())

    return respond


def _problem_page(request: Request, problem: Problem) -> Response:
    # Neither is a form that was sent sent again by a link, nor does an address that is wrong help.
    again = request.url.path if problem.status >= 500 and request.method == "GET" else "/"
    context = {
        "title": problem.title,
        "detail": problem.detail,
        "again": again,
        "is_again": again == request.url.path,
    }
    return page("problem.html", context, problem.status, problem.headers)


async def on_http_exception(conn: HTTPConnection, exc: HTTPException) -> Response | None:
    """Handler of unknown addresses: a page for who looks for pages, a problem for the rest."""
    if (
        exc.status_code == 404
        and isinstance(conn, Request)
        and not conn.url.path.startswith("/api/")
        and "text/html" in conn.headers.get("accept", "")
    ):
        return _problem_page(conn, as_problem(exc))
    return await problems.on_http_exception(conn, exc)


routes = [
    Route("/", _for_people(overview)),
    Route("/login", _for_people(login_form)),
    Route("/login", _for_people(login), methods=["POST"]),
    Route("/logout", _for_people(logout), methods=["POST"]),
    static_files().route,
]
# In the place of the one for programs.
HANDLERS: dict[Any, Any] = {HTTPException: on_http_exception}
