"""How a section's subject is graded: the scheme, changes to it, and what they would do."""

from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from classpulse.serve.answers import as_of
from classpulse.serve.api.grading import Asked, scheme_in
from classpulse.serve.auth.scope import sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.pages.error_pages import for_viewers
from classpulse.serve.pages.json_values import as_json_values
from classpulse.serve.pages.query import ViewQuery
from classpulse.serve.pages.rendering import Page
from classpulse.serve.pages.shell import view
from classpulse.serve.parameters import Id
from classpulse.serve.snapshot import Reader
from classpulse.sql import queries

_SQL = queries("grading")

_SOURCES = {
    "default": "the usual ones",
    "school": "of the school",
    "subject": "of this subject",
    "section": "of this section",
    "section and subject": "of this section’s subject",
}


class GradingQuery(ViewQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which section and subject; without them the choice of both."""

    section_id: Id | None = None
    subject_id: Id | None = None


async def _grading(request: Request, reader: Reader, viewer: Viewer, asked: GradingQuery) -> Page:
    if asked.section_id is None or asked.subject_id is None:
        sections = await sections_in_view(reader, viewer, asked.term)
        places = await reader.all(_SQL["choices"], sections=sections)
        figures = await as_of(reader)
        context: dict[str, Any] = {"scheme": None, "places": places}
    else:
        where = Asked(section_id=asked.section_id, subject_id=asked.subject_id)
        figures = await scheme_in(reader, viewer, where)
        context = {"scheme": scheme_shown(as_json_values(figures)), "places": []}
    return await view(
        request,
        reader,
        viewer,
        "grading.html",
        of="grading",
        asked=asked,
        figures=as_json_values(figures),
        term_path="/grading",
        context=context,
    )


def scheme_shown(scheme: dict[str, Any]) -> dict[str, Any]:
    """The scheme as the page lays it out: what is whose, and what an item may be put into."""
    weights = [one["weight"] for one in scheme["categories"] if one["weight"] is not None]
    total = sum(weights) if weights else None
    return {
        **scheme,
        "categories": [
            {**one, "reach": _reach(one), "weight": _plain(one["weight"])}
            for one in scheme["categories"]
        ],
        "items": [{**one, "weight": _plain(one["weight"])} for one in scheme["items"]],
        "pass_mark": _plain(scheme["policy"]["pass_mark"]),
        "policy_of": _SOURCES[scheme["policy"]["source"]],
        "weight_sum": None if total is None else _plain(total),
    }


def _reach(category: dict[str, Any]) -> str:
    if category["section_id"] is not None:
        return (
            "this section" if category["subject_id"] is not None else "this section, all subjects"
        )
    return "every section" if category["subject_id"] is not None else "the whole school"


def _plain(number: Any) -> str | None:
    """A number as a form takes it."""
    return None if number is None else f"{Decimal(number):f}"


routes = [Route("/grading", for_viewers(GradingQuery, _grading))]
