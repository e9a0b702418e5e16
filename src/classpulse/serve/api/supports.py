"""What was done about a student: supports, opened, reviewed and closed by those who teach them."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve import cursors
from classpulse.serve.answers import encode, json_response, listed
from classpulse.serve.api.refused import conflict, sentences
from classpulse.serve.auth.caller import viewer_of
from classpulse.serve.auth.scope import (
    require_sections,
    require_students,
    rights,
    wide_school,
)
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import (
    Cursor,
    Id,
    Ids,
    Limit,
    NoParameters,
    path_id,
    read_body,
    read_query,
)
from classpulse.serve.problems import Problem, not_found
from classpulse.serve.snapshot import Reader, Row, Source, snapshot, writing
from classpulse.sql import queries

if TYPE_CHECKING:
    from databases import Database

_SQL = queries("supports")
#: of a school that names none itself
KINDS = ("talk", "parents called", "tutoring", "counsellor")
_FIGURES = ("average", "letter", "attendance_percentage", "missing_count")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode

Kind = Annotated[str, Meta(min_length=1, max_length=60)]
Text = Annotated[str, Meta(max_length=2000)]
Version = Annotated[str, Meta(max_length=100)]


class _Standing(Struct, kw_only=True):
    """Figures of a standing at an opening."""

    section_id: int
    average: Decimal | None = None
    letter: str | None = None
    attendance_percentage: Decimal | None = None
    missing_count: int | None = None


class _Opening(Struct, kw_only=True):
    """What is stored of an opening: the figures as they were shown then."""

    as_of: str
    as_of_time: str
    standings: list[_Standing]


class Filters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/supports``. ``review=due``: open, and to review this week or before."""

    state: Literal["open", "closed"] | None = None
    student_id: Ids = ()
    section_id: Ids = ()
    review: Literal["due"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None

    def __post_init__(self) -> None:
        if self.review is not None and self.state == "closed":
            raise ValueError("state must be open, or left out, with review=due")


class Opening(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``POST …/supports``. Without ``section_id`` it is of the student as a whole."""

    student_id: Id
    kind: Kind
    section_id: Id | None = None
    alert_id: Id | None = None
    note: Text | None = None
    review_on: date | None = None

    def __post_init__(self) -> None:
        _check_day(self.review_on)


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``PUT …/support/{id}``. What is left out stays; ``version`` is the one that was read."""

    version: Version | None = None
    kind: Kind | UnsetType = UNSET
    note: Text | UnsetType | None = UNSET
    review_on: date | UnsetType | None = UNSET
    closed: bool | UnsetType = UNSET
    outcome: Text | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        if self.given() and self.version is None:
            raise ValueError("version must be given: that of the support that was read")
        if isinstance(self.review_on, date):
            _check_day(self.review_on)

    def given(self) -> Row:
        """What it sets."""
        return {
            name: value
            for name, value in msgspec.structs.asdict(self).items()
            if name != "version" and value is not UNSET
        }


class After(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The list goes on after this row."""

    is_closed: bool
    key: Decimal
    id: Annotated[int, Meta(ge=0, le=2**63 - 1)]

    def __post_init__(self) -> None:
        if not (self.key.is_finite() and abs(self.key) < 10**15):
            raise ValueError("not a key")


def _check_day(day: date | None) -> None:
    if day is not None and not 1900 <= day.year <= 9998:
        raise ValueError("review_on must be a day from 1900 to 9998")


async def supports_of(source: Source, viewer: Viewer, asked: Filters) -> dict[str, Any]:
    """Supports of students that the viewer may see; 404 for a student or a section that is not.

    The open ones come first, by the day of their review, those without one last; then the closed
    ones, the newest first. ``kinds``: what a new one may be, of the student's school where one
    student is asked for, else of the viewer's.
    """
    async with snapshot(source) as reader:
        await require_students(reader, viewer, asked.student_id)
        await require_sections(reader, viewer, asked.section_id)
        return await supports_in(reader, viewer, asked)


async def supports_in(reader: Reader, viewer: Viewer, asked: Filters) -> dict[str, Any]:
    """The same of students that are known to be theirs, in the snapshot of an answer that holds
    more."""
    rows, total = await _page(reader, viewer, asked)
    page = rows[: asked.limit]
    next_page = None
    if len(rows) > len(page):
        last = page[-1]
        next_page = cursors.write(After(last["is_closed"], last["key"], last["id"]))
    items = [_item(row, viewer) for row in page]
    sections = {one["section_id"] for item in items for one in item["figures"]}
    student = asked.student_id[0] if len(set(asked.student_id)) == 1 else None
    found = await listed(reader, items, total=total, next=next_page, sections=sections)
    return {**found, "kinds": await kinds_of(reader, viewer, student)}


async def kinds_of(reader: Reader, viewer: Viewer, student_id: int | None) -> list[str]:
    """What a support of this student may be, each once; of nobody in particular, at the viewer's
    own school."""
    row = await reader.one(_SQL["kinds"], student_id=student_id, own_school=viewer.school_id)
    named = row["kinds"] if row else None
    return list(dict.fromkeys(named or KINDS))


async def opened(database: "Database", viewer: Viewer, asked: Opening) -> Row:
    """Open a support, with the figures of this moment; the item as the list has it.

    A 404 problem unless student and section are theirs, 422 for a kind that the school does not
    have and for a section that the student is not in.
    """
    async with sentences("the support"), writing(database) as reader:
        await require_students(reader, viewer, [asked.student_id])
        if asked.section_id is not None:
            await require_sections(reader, viewer, [asked.section_id])
            place = {"student_id": asked.student_id, "section_id": asked.section_id}
            if not (await reader.only(_SQL["is_enrolled"], **place))["is_enrolled"]:
                raise Problem(
                    422,
                    f"Student {asked.student_id} is not in section {asked.section_id}: give a"
                    " section of theirs, or none for the student as a whole.",
                )
        await _check_kind(reader, viewer, asked.student_id, asked.kind)
        made = await reader.only(
            _SQL["open"], **msgspec.structs.asdict(asked), opened_by=viewer.educator_id
        )
        return await _one(reader, viewer, made["id"])


async def changed(database: "Database", viewer: Viewer, support_id: int, change: Change) -> Row:
    """Change a support, close it or open it again; the item as the list has it.

    A 404 problem unless its student is theirs, 409 where somebody else has changed it since it
    was read, 422 for a kind that the school does not have and an outcome of what is open.
    """
    given = change.given()
    async with sentences("the support"), writing(database) as reader:
        held = await reader.one(
            _SQL["hold"], id=support_id, **rights(viewer), school_id=wide_school(viewer)
        )
        if held is None:
            raise not_found("support")
        if change.version is not None and change.version != held["version"]:
            raise conflict("the support")
        if change.kind is not UNSET and change.kind != held["kind"]:
            await _check_kind(reader, viewer, held["student_id"], change.kind)
        is_closed = held["is_closed"] if change.closed is UNSET else change.closed
        if given.get("outcome") is not None and not is_closed:
            raise Problem(422, "An outcome is of a closed support: give closed, too.")
        if given:
            await reader.all(_SQL["change"], id=support_id, given=encode(given).decode())
        return await _one(reader, viewer, support_id)


async def _check_kind(reader: Reader, viewer: Viewer, student_id: int, kind: str) -> None:
    known = await kinds_of(reader, viewer, student_id)
    if kind not in known:
        words = f"must be one of {', '.join(known)}"
        raise Problem(422, f"kind {words}.", errors=[{"body": "kind", "detail": words}])


async def _one(reader: Reader, viewer: Viewer, support_id: int) -> Row:
    rows, _ = await _page(reader, viewer, Filters(limit=1), support_id)
    if not rows:
        raise not_found("support")
    return _item(rows[0], viewer)


async def _page(
    reader: Reader, viewer: Viewer, asked: Filters, support_id: int | None = None
) -> tuple[list[Row], int]:
    """The rows of a page, one more where there are more, and how many there are in all."""
    after = cursors.read(asked.cursor, After)
    rows = await reader.all(
        _SQL["page"],
        **rights(viewer),
        school_id=wide_school(viewer),
        id=support_id,
        students=list(asked.student_id) or None,
        of_sections=list(asked.section_id) or None,
        is_closed=None if asked.state is None else asked.state == "closed",
        due=asked.review is not None,
        after_closed=after.is_closed if after else None,
        after_key=after.key if after else None,
        after_id=after.id if after else None,
        limit=asked.limit + 1,
    )
    return [row for row in rows if row["id"] is not None], rows[0]["total"]


def _item(row: Row, viewer: Viewer) -> Row:
    opening = _opening(row.pop("at_opening"))
    now = {one["section_id"]: one for one in _decode(row.pop("standings") or "[]")}
    figures = _side_by_side(opening, now, row["section_id"], viewer)
    for name in ("total", "key", "is_closed"):
        row.pop(name)
    # what was noted in a section that is not theirs they read, and not in which one
    is_elsewhere = row["section_id"] is not None and not viewer.scope.visible([row["section_id"]])
    if is_elsewhere:
        row |= {"section_id": None, "section_name": None}
    return {
        **row,
        "other_section": is_elsewhere,
        "state": "open" if row["closed_at"] is None else "closed",
        "figures": figures,
        "opening_as_of": opening and opening.as_of,
        "opening_as_of_time": opening and opening.as_of_time,
    }


def _opening(text: str | None) -> _Opening | None:
    """What was stored at the opening; of a row that a tool wrote nothing is known."""
    try:
        return msgspec.json.decode(text, type=_Opening) if text else None
    except (msgspec.MsgspecError, ValueError):
        return None


def _side_by_side(
    opening: _Opening | None, now: dict[int, Row], section_id: int | None, viewer: Viewer
) -> list[Row]:
    """Each standing that the viewer may see, at the opening and now: ``None`` where there is none.

    Of a student as a whole: those that counted then, and those of the current terms now.
    """
    then = {one.section_id: one for one in opening.standings} if opening else {}
    whole = section_id is None
    shown = [one for one in now if now[one]["is_current"] or one in then or not whole]
    gone = [one for one in viewer.scope.visible(then) if one not in now]
    return [
        {
            "section_id": one,
            "section_name": now[one]["section_name"] if one in now else None,
            "at_opening": {name: getattr(then[one], name) for name in _FIGURES}
            if one in then
            else None,
            "now": {name: now[one][name] for name in _FIGURES} if one in now else None,
        }
        for one in (*shown, *gone)
    ]


async def _supports(request: Request) -> Response:
    viewer = await viewer_of(request)
    database = request.app.state.database
    if request.method != "POST":
        return json_response(await supports_of(database, viewer, read_query(request, Filters)))
    read_query(request, NoParameters)
    asked = await read_body(request, Opening)
    return json_response(await opened(database, viewer, asked), 201)


async def _support(request: Request) -> Response:
    viewer = await viewer_of(request)
    read_query(request, NoParameters)
    support_id = path_id(request, "support_id", "support")
    change = await read_body(request, Change)
    return json_response(await changed(request.app.state.database, viewer, support_id, change))


routes = [
    Route("/supports", _supports, methods=["GET", "POST"]),
    Route("/support/{support_id}", _support, methods=["PUT"]),
]
