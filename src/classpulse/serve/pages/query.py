"""What a view's address holds."""

import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from classpulse.serve.api.listing import Listing
from classpulse.serve.api.listing import Sort as FiguresSort
from classpulse.serve.api.students import Filters, Order, Sort, Sorted, Status, Words
from classpulse.serve.parameters import Cursor, Id, Ids, Limit

_NOT_BY_FIGURES = frozenset({"name", "last_name", "roll_number", "section"})


class ViewQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of every view: the term that it shows, and the student whose card lies over it."""

    term: Id | None = None
    student: Id | None = None


class FindQuery(ViewQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of what is found by its name."""

    q: Words | None = None


class MissingQuery(ViewQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of what was not done: the day of the registers, and where the list of the items goes on."""

    date: datetime.date | None = None
    cursor: Cursor | None = None


class ListQuery(ViewQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a view that is a list of figures: what ``GET …/sections`` takes."""

    q: Words | None = None
    sort: FiguresSort = "name"
    order: Order | None = None
    cursor: Cursor | None = None

    def listing(self, limit: int) -> Listing:
        """The same as the list takes it."""
        return Listing(
            limit=limit,
            cursor=self.cursor,
            term=self.term,
            sort=self.sort,
            order=self.order,
            q=self.q,
        )


class RosterQuery(ViewQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a view with a table of standings: the filters of ``GET …/students``."""

    status: Status | None = None
    min_average: Decimal | None = None
    max_average: Decimal | None = None
    attendance_below: Decimal | None = None
    q: Words | None = None
    sort: Sort | None = None
    order: Order = "asc"
    limit: Limit = 100
    cursor: Cursor | None = None

    def __post_init__(self) -> None:
        self.filters()

    def filters(self, *, section: Ids = (), subject: Ids = ()) -> Filters:
        """The same as the list takes them; of one ``subject`` by its own averages."""
        return Filters(
            term=None if section else self.term,
            status=self.status,
            min_average=self.min_average,
            max_average=self.max_average,
            attendance_below=self.attendance_below,
            q=self.q,
            sort=self.sort,
            order=self.order,
            limit=self.limit,
            cursor=self.cursor,
            section_id=section,
            subject_id=subject,
            basis="subject" if len(set(subject)) == 1 else "standing",
        )

    @property
    def is_filtered(self) -> bool:
        """Whether a filter is set that may leave somebody out."""
        return any(
            value is not None
            for value in (
                self.status,
                self.min_average,
                self.max_average,
                self.attendance_below,
                self.q,
            )
        )

    def follows_figures(self, order: Sorted) -> bool:
        """Whether who is listed, or where, hangs on figures."""
        figures = (self.status, self.min_average, self.max_average, self.attendance_below)
        return order.sort not in _NOT_BY_FIGURES or any(value is not None for value in figures)


class SectionQuery(RosterQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one section, with lines over time. ``earlier``: with the term before beside them."""

    earlier: Literal["1"] | None = None


class StudentsQuery(RosterQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the table over all sections."""

    section_id: Ids = ()
    subject_id: Ids = ()
