"""Standings as a list: filtered, sorted and cut in the database."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve import cursors
from classpulse.serve.answers import json_response, listed, listed_student, performers, with_json
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import require_sections, require_subjects, sections_in_view
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Cursor, Id, Ids, Limit, check_range, read_body, read_query
from classpulse.serve.snapshot import Reader, Row, Source, snapshot
from classpulse.sql import queries

_SQL = queries("students")
_INTERNAL = (
    "total",
    "is_placed",
    "key_id",
    "key_section_id",
    "key",
    "section_key",
    "section_place",
    "name_key",
)
# Over so many sections rows are looked up one by one, and their sections in a hash.
_MANY_SECTIONS = 100

Sort = Literal[
    "name",
    "last_name",
    "average",
    "attendance",
    "roll_number",
    "average_if_missing_zero",
    "graded",
    "missing",
    "section",
]
Order = Literal["asc", "desc"]
Status = Literal["pass", "fail", "no_data"]
Basis = Literal["standing", "subject"]
Words = Annotated[str, Meta(max_length=200)]
Count = Annotated[int, Meta(ge=0, le=100)]


class Conditions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a standing has to pass, in a query string as in a body."""

    term: Id | None = None
    status: Status | None = None
    min_average: Decimal | None = None
    max_average: Decimal | None = None
    attendance_below: Decimal | None = None
    q: Words | None = None

    def __post_init__(self) -> None:
        check_range("min_average", self.min_average)
        check_range("max_average", self.max_average)
        check_range("attendance_below", self.attendance_below)


class _Page(Conditions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: Cursor | None = None


class Filters(_Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/students``. Without ``sort`` the schools say which name comes first.

    With the ``basis`` ``subject`` averages, results and counts that are filtered and sorted by are
    those of each standing in the one subject asked for, and every item holds them, too.
    """

    section_id: Ids = ()
    subject_id: Ids = ()
    sort: Sort | None = None
    order: Order = "asc"
    basis: Basis = "standing"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_basis(self.basis, self.subject_id)


class FiltersInBody(_Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``POST …/filtered``. ``performance_threshold`` is the lowest average let through."""

    section_ids: Ids = ()
    subject_ids: Ids = ()
    performance_threshold: Decimal | None = None
    sort_by: Sort | None = None
    sort_order: Order = "asc"
    top_count: Count = 5
    low_count: Count = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("performance_threshold", self.performance_threshold)

    def as_filters(self) -> Filters:
        """The same, in the words of the query string."""
        lowest = [v for v in (self.min_average, self.performance_threshold) if v is not None]
        return Filters(
            limit=self.limit,
            cursor=self.cursor,
            term=self.term,
            status=self.status,
            min_average=max(lowest) if lowest else None,
            max_average=self.max_average,
            attendance_below=self.attendance_below,
            q=self.q,
            section_id=self.section_ids,
            subject_id=self.subject_ids,
            sort=self.sort_by,
            order=self.sort_order,
        )


def check_basis(basis: Basis | None, subjects: Ids) -> None:
    """For ``__post_init__``: averages are those in a subject only where it is clear in which."""
    if basis == "subject" and len(set(subjects)) != 1:
        raise ValueError("basis must be standing unless exactly one subject_id is given")


class After(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The list goes on after this standing; ``key`` is unknown where it is ``None``."""

    sort: Sort
    order: Order
    by_last_name: bool
    key: Decimal | None
    name: str
    id: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    section_id: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    section_key: str = ""
    section_place: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] = 0

    def __post_init__(self) -> None:
        if self.key is not None and not (self.key.is_finite() and abs(self.key) < 10**12):
            raise ValueError("not a key")


class Sorted(Struct, frozen=True):
    """How a list is sorted; equal ones by last name, or by name as it is written."""

    sort: Sort
    by_last_name: bool

    @property
    def statement(self) -> str:
        """Which query reads a list in this order."""
        return _SQL["page_by_name" if self.sort in ("name", "last_name") else "page"]

    @property
    def by_its_names(self) -> Sort:
        """What sorts the same list by the names alone."""
        return "last_name" if self.by_last_name else "name"


async def students_of(
    source: Source, viewer: Viewer, filters: Filters
) -> tuple[dict[str, Any], Sorted]:
    """A page of the standings that somebody may see and that pass the filters, and its order.

    Of the sections of the current terms, of ``term``, or of exactly the sections asked for.
    """
    async with snapshot(source) as reader:
        sections = await sections_asked(reader, viewer, filters)
        return await _page(reader, sections, filters)


async def sorted_by(reader: Reader, sections: list[int], sort: Sort | None) -> Sorted:
    """The order asked for, else the one of the schools of these sections."""
    if sort in ("name", "last_name"):
        return Sorted(sort, sort == "last_name")
    by_last_name = (await reader.only(_SQL["name_order"], sections=sections))["by_last_name"]
    return Sorted(sort or ("last_name" if by_last_name else "name"), by_last_name)


async def sections_asked(reader: Reader, viewer: Viewer, filters: Filters) -> list[int]:
    """The sections that a list is taken from; 404 where a filter names what is not theirs."""
    if filters.subject_id:
        await require_subjects(reader, viewer, filters.subject_id)
    if not filters.section_id:
        return await sections_in_view(reader, viewer, filters.term)
    await require_sections(reader, viewer, filters.section_id)
    if filters.term is None:
        return sorted(set(filters.section_id))
    of_term = await sections_in_view(reader, viewer, filters.term)
    return sorted(set(filters.section_id) & set(of_term))


def conditions_of(filters: Filters) -> dict[str, object]:
    """The parameters by which a query keeps to the standings that pass."""
    return {
        "subjects": filters.subject_id or None,
        "status": filters.status,
        "min_average": filters.min_average,
        "max_average": filters.max_average,
        "attendance_below": filters.attendance_below,
        "q": (filters.q or "").strip() or None,
    }


def _basis_subject(filters: Filters) -> int | None:
    return filters.subject_id[0] if filters.basis == "subject" else None


def every_standing(
    reader: Reader, sections: list[int], filters: Filters, order: Sorted, *, size: int
) -> AsyncIterator[list[Row]]:
    """The whole list in the order of its pages, ``size`` rows at a time, by the same statement.

    Each row says in ``total`` how many there are. Nothing passes: one row, whose ``id`` is null;
    so is that of a student who is gone since.
    """
    asked = _page_of(sections, filters, order, None, None)
    return reader.batches(order.statement, size=size, **asked)


async def _page(
    reader: Reader, sections: list[int], filters: Filters
) -> tuple[dict[str, Any], Sorted]:
    after = cursors.read(filters.cursor, After)
    if after is None:
        order = await sorted_by(reader, sections, filters.sort)
    elif (after.sort, after.order) != (filters.sort or after.sort, filters.order):
        raise cursors.refused()
    else:  # a list that was begun ends in its order, whatever its schools say by now
        order = Sorted(after.sort, after.by_last_name)
    rows = await reader.all(
        order.statement,
        **_page_of(sections, filters, order, after, filters.limit + 1),
    )
    total = rows[0]["total"]
    found = [row for row in rows if row["is_placed"]]
    page = found[: filters.limit]
    shown = [row for row in page if row["id"] is not None]
    answered = await listed(
        reader,
        [_item(row, _basis_subject(filters)) for row in shown],
        total=total,
        sections={row["section_id"] for row in shown},
        next=_cursor(page[-1], filters, order) if len(found) > len(page) else None,
    )
    return answered, order


def _page_of(
    sections: list[int],
    filters: Filters,
    order: Sorted,
    after: After | None,
    limit: int | None,
) -> dict[str, object]:
    return {
        **conditions_of(filters),
        "basis_subject": _basis_subject(filters),
        "sections": sections,
        "many_sections": len(sections) > _MANY_SECTIONS,
        "sort": order.sort,
        "by_last_name": order.by_last_name,
        "descending": filters.order == "desc",
        "after_unknown": after is not None and after.key is None,
        "after_key": after.key if after else None,
        "after_name": after.name if after else None,
        "after_id": after.id if after else None,
        "after_section": after.section_id if after else None,
        "after_section_key": after.section_key if after else None,
        "after_section_place": after.section_place if after else None,
        "limit": limit,
    }


def _item(row: Row, subject_id: int | None) -> Row:
    own = {
        "subject_id": subject_id,
        "percentage": row.pop("own_average"),
        "percentage_if_missing_zero": row.pop("own_average_if_missing_zero"),
        "grade_letter": row.pop("own_letter"),
        "is_passed": row.pop("own_passed"),
        "graded_count": row.pop("own_graded_count") or 0,
        "missing_count": row.pop("own_missing_count") or 0,
        "override_average": row.pop("own_override_average"),
        "override_letter": row.pop("own_override_letter"),
        "overridden": row.pop("own_overridden") or False,
        "uncounted_count": row.pop("own_uncounted_count") or 0,
    }
    row = with_json(row, ["coverage"])
    item = listed_student({name: row[name] for name in row if name not in _INTERNAL})
    return item if subject_id is None else item | {"subject_grade": own}


def _cursor(row: Row, filters: Filters, order: Sorted) -> str:
    return cursors.write(
        After(
            order.sort,
            filters.order,
            order.by_last_name,
            row["key"],
            row["name_key"],
            row["key_id"],
            row["key_section_id"],
            row["section_key"],
            row["section_place"],
        )
    )


async def _list(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, Filters)
    students, _ = await students_of(request.app.state.database, viewer, asked)
    return json_response(students)


async def _filtered(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = await read_body(request, FiltersInBody)
    filters = asked.as_filters()
    database = request.app.state.database
    async with snapshot(database) as reader:
        sections = await sections_asked(reader, viewer, filters)
        page, _ = await _page(reader, sections, filters)
        best = await performers(
            reader,
            sections,
            top=asked.top_count,
            low=asked.low_count,
            conditions=conditions_of(filters),
        )
    return json_response(page | best[None])


routes = [Route("/students", _list), Route("/filtered", _filtered, methods=["POST"])]
