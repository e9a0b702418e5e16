"""Addresses of views: what stays the same from one to the next, and what a link changes."""

from collections.abc import Iterable
from urllib.parse import urlencode

from starlette.requests import Request

# What a cleared form keeps, and what concerns the view and not what it shows.
_NO_FILTERS = frozenset({"term", "sort", "order", "earlier"})
_VIEW_ONLY = frozenset({"student", "cursor", "limit", "earlier"})

Value = str | int | None | Iterable[str | int]


class Links:
    """The links of one page; ``term`` is the one that was chosen, which every view keeps.

    ``path`` is that of the view around it, for what is no view itself.
    """

    def __init__(self, request: Request, term: int | None, path: str | None = None) -> None:
        self.path = path or request.url.path
        self._query = [
            (name, value) for name, value in request.query_params.multi_items() if value.strip()
        ]
        self._term = term

    def view(self, path: str, **query: Value) -> str:
        """Another view in the same term."""
        return _address(path, _pairs({"term": self._term, **query}))

    def here(self, **changes: Value) -> str:
        """This view with other parameters; ``None`` takes one away. No card lies over it."""
        kept = [pair for pair in self._query if pair[0] not in changes and pair[0] != "student"]
        return _address(self.path, kept + _pairs(changes))

    def student(self, student_id: int | None) -> str:
        """This view with a student's card over it, or without one."""
        return self.here(student=student_id)

    def cleared(self) -> str:
        """This view with nothing filtered out."""
        kept = [pair for pair in self._query if pair[0] in _NO_FILTERS]
        return _address(self.path, kept)

    def hidden(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """What a form of this view sends along besides its own fields."""
        return [pair for pair in self._query if pair[0] in names]

    def report(self, report: str, form: str, **ids: int) -> str:
        """What this view shows as a file: the same filters, the same order."""
        left_out = _VIEW_ONLY | ids.keys()
        if "section_id" in ids:  # a section is shown whole, of whatever term it is
            left_out |= {"term"}
        kept = [pair for pair in self._query if pair[0] not in left_out]
        if "student_id" in ids:  # of a student everything that is the viewer's to see
            kept = []
        own = _pairs({"report": report, "format": form, **ids})
        return _address("/api/v1/performance/reports/download", own + kept)

    def sorted(self, sort: str, order: str) -> str:
        """This view with its list in another order, from its beginning."""
        return self.here(sort=sort, order=order, cursor=None)


def _pairs(query: dict[str, Value]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in query.items():
        values = [value] if isinstance(value, str | int) else value or ()
        found += [(name, str(one)) for one in values]
    return found


def _address(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
