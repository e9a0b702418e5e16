"""The frame around every view: who looks, where they are, which term, and how it is shown."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from starlette.requests import Request

from classpulse.serve.api.terms import terms_of
from classpulse.serve.auth import tokens
from classpulse.serve.auth.scope import sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.card import card_of
from classpulse.serve.pages.links import Links
from classpulse.serve.pages.query import ViewQuery
from classpulse.serve.pages.rendering import Page, static_files
from classpulse.serve.pages.unchanged import page_unless_known
from classpulse.serve.parameters import Paging
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader

THEME_COOKIE = "classpulse_theme"
THEMES = ("light", "dark")
# whose figures they are, by role
SCOPE_TEXT = {
    "educator": "The sections you teach",
    "principal": "Your whole school",
    "admin": "Every school",
}
_VIEWS = (
    ("overview", "Overview", "/"),
    ("sections", "Sections", "/sections"),
    ("subjects", "Subjects", "/subjects"),
    ("students", "Students", "/students"),
    ("supports", "Supports", "/supports"),
)

_PATHS = {name: path for name, _, path in _VIEWS}


async def view(
    request: Request,
    reader: Reader,
    viewer: Viewer,
    template: str,
    *,
    of: str,
    asked: ViewQuery,
    figures: Mapping[str, Any],
    context: Mapping[str, Any],
    watched: Collection[int | str] | None = None,
    subject: int | None = None,
    told: bool = False,
    term_path: str | None = None,
) -> Page:
    """A view as a page.

    ``of``: which of the five it belongs to, or something else. ``figures`` hold the ``as_of`` from
    which the page's stream goes on, that of the snapshot. ``watched``: the sections (``*``: all)
    whose events tell less than the view shows, so that it is fetched again; those of a term that
    was chosen, which no overview of the stream is about. ``subject``: other subjects' events are
    not watched. ``told``: what follows from a grade or an attendance row is told by its event, so
    that the view need not be fetched. ``term_path``: where another term is shown, if not in the
    list that the view belongs to.
    """
    links = Links(request, asked.term)
    terms = await _terms(reader, viewer, asked.term)
    if watched is None and asked.term is not None:
        watched = await sections_in_view(reader, viewer, asked.term)
    card = None
    if asked.student is not None:
        card = await card_of(reader, viewer, asked.student)
    return Page(
        template,
        {
            "links": links,
            "term_path": term_path or _PATHS[of],
            "nav": [(name, words, links.view(path)) for name, words, path in _VIEWS],
            "here": of,
            "asked": asked,
            "viewer_name": viewer.name,
            "who": viewer.educator_id,
            "csrf_token": tokens.masked(tokens.csrf(request.app.state.jwt_secret, viewer.jti)),
            "theme": theme_of(request),
            "terms": terms,
            "term": next((one for one in terms if one["id"] == asked.term), None),
            "card": card,
            "watched": watched,
            "subject_watched": subject,
            "told": told,
            "as_of": figures["as_of"],
            "as_of_time": figures["as_of_time"],
            "set_aside": figures.get("set_aside", ()),
            "modules": static_files().names("js"),
            **context,
        },
        partial(page_unless_known, request.headers.get("if-none-match")),
    )


def theme_of(request: Request) -> str | None:
    """``light`` or ``dark`` if that was chosen; else the reader's system decides."""
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else None


async def _terms(reader: Reader, viewer: Viewer, chosen: int | None) -> list[dict[str, Any]]:
    """The terms to switch between: those with a section of the viewer's, if not all are current."""
    found: list[dict[str, Any]] = []
    paging: Paging | None = Paging(limit=500)
    while paging is not None:
        read = await terms_of(reader, viewer, paging)
        found += read["items"]
        paging = Paging(limit=500, cursor=read["next"]) if read["next"] else None
    if chosen is not None and chosen not in [term["id"] for term in found]:
        raise not_found("term")
    schools = {term["school_id"] for term in found}
    shown = [
        {**term, "label": _label(term, several_schools=len(schools) > 1)}
        for term in found
        if term["sections"] or term["id"] == chosen
    ]
    return shown if any(not term["is_current"] for term in shown) else []


def _label(term: Mapping[str, Any], *, several_schools: bool) -> str:
    return f"{term['name']} – {term['school_name']}" if several_schools else str(term["name"])
