"""Lists of figures: how one of sections or of subjects is searched, sorted and paged."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from classpulse.serve import cursors
from classpulse.serve.parameters import Cursor, Id, Limit

#: most rows of a list inside of another answer; the whole list has a route of its own
MOST = 100

Sort = Literal["name", "average", "pass_rate", "attendance", "students", "change"]
Order = Literal["asc", "desc"]
Words = Annotated[str, Meta(max_length=200)]

_KEYS = ("total", "key", "name_key")

Row = dict[str, Any]


class Listing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the current terms, or of ``term``. ``change`` is the time of the last change.

    Without ``order`` a list ascends, and the newest change comes first.
    """

    limit: Limit = 50
    cursor: Cursor | None = None
    term: Id | None = None
    sort: Sort = "name"
    order: Order | None = None
    q: Words | None = None

    @property
    def is_descending(self) -> bool:
        """Whether the list begins with the highest; unknown values come last all the same."""
        return (self.order or ("desc" if self.sort == "change" else "asc")) == "desc"

    @property
    def words(self) -> str | None:
        """What a name must hold; ``None`` for any."""
        return (self.q or "").strip() or None


class After(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The list goes on after this row: by its own key and id, whatever came or went before it.

    ``key`` is a figure, its sign turned where the list descends, or unknown; of a list by name
    ``name`` is what it is sorted by.
    """

    sort: Sort
    is_descending: bool
    key: Decimal | None
    name: str
    id: Annotated[int, Meta(ge=0, le=2**63 - 1)]

    def __post_init__(self) -> None:
        if self.key is not None and not (self.key.is_finite() and abs(self.key) < 10**15):
            raise ValueError("not a key")


#: all rows by name
BY_NAME = Listing()


def parameters(asked: Listing, *, limit: int | None) -> dict[str, object]:
    """Those of a statement that lists; 400 for the cursor of another list."""
    after = cursors.read(asked.cursor, After)
    if after and (after.sort, after.is_descending) != (asked.sort, asked.is_descending):
        raise cursors.refused()
    return {
        "q": asked.words,
        "sort": asked.sort,
        "descending": asked.is_descending,
        "after_key": after.key if after else None,
        "after_name": after.name if after else None,
        "after_id": after.id if after else None,
        "limit": limit,
    }


def take(rows: list[Row], asked: Listing, id_name: str) -> tuple[list[Row], int, str | None]:
    """The page, how many rows there are in all, and the cursor of the next page.

    A statement that lists answers one row more than the page where there are more, and one without
    an id where it found none.
    """
    total: int = rows[0]["total"]
    found = [row for row in rows if row[id_name] is not None]
    page = found[: asked.limit]
    next_page = None
    if len(found) > len(page):
        last = page[-1]
        after = After(
            asked.sort, asked.is_descending, last["key"], last["name_key"] or "", last[id_name]
        )
        next_page = cursors.write(after)
    return [bare(row) for row in page], total, next_page


def bare(row: Mapping[str, Any]) -> Row:
    """A row that was listed, without what it was listed by."""
    return {name: row[name] for name in row if name not in _KEYS}


def lowest(count: int) -> Listing:
    """How a list of so many rows stands in another answer: by name, or its lowest averages."""
    return Listing(limit=MOST, sort="average") if count > MOST else BY_NAME
