"""Signing in and out, as forms that work without JavaScript."""

from collections.abc import Mapping

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from classpulse.serve.auth import tokens
from classpulse.serve.auth.caller import COOKIE, viewer_of_token
from classpulse.serve.auth.origin import same_site
from classpulse.serve.auth.sessions import drop_cookies, set_cookies, sign_in, sign_out
from classpulse.serve.pages.error_pages import for_people, signed_in
from classpulse.serve.pages.form import form, local_path
from classpulse.serve.pages.rendering import page
from classpulse.serve.parameters import NoParameters, read_query
from classpulse.serve.problems import Problem

_WRONG = "The e-mail or the password is wrong. Please try again."
_INCOMPLETE = "Please give your e-mail and your password."
_FOREIGN = "That form was not sent from this site’s own page. Please sign in here."


class Next(Struct, frozen=True, forbid_unknown_fields=True):
    """Of ``GET /login``: where to go on."""

    next: str | None = None


async def login_form(request: Request) -> Response:
    """The form to sign in; who is signed in goes on at once."""
    target = local_path(read_query(request, Next).next)
    if await signed_in(request) is not None:
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
        sent = fields.get("csrf_token", "")
        is_ours = tokens.is_csrf(request.app.state.jwt_secret, viewer.jti, sent)
        if not is_ours or not same_site(request):
            return RedirectResponse("/", 303)
        await sign_out(request, viewer)
    response = RedirectResponse("/login", 303)
    drop_cookies(request, response)
    return response


# One route: another method is told both.
async def _form_or_post(request: Request) -> Response:
    return await (login(request) if request.method == "POST" else login_form(request))


def _login_page(
    target: str,
    email: str = "",
    problem: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    context = {"next": target, "email": email, "problem": problem}
    return page("login.html", context, status, headers)


routes = [
    Route("/login", for_people(_form_or_post), methods=["GET", "POST"]),
    Route("/logout", for_people(logout), methods=["POST"]),
]
