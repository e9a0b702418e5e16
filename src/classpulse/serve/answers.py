"""Answers as JSON, and what each of them says of itself."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from starlette.responses import Response

from classpulse.serve.snapshot import Reader, Row
from classpulse.sql import queries

_SQL = queries("answers")
NO_CONDITIONS: Mapping[str, object] = MappingProxyType(
    dict.fromkeys(("subjects", "status", "min_average", "max_average", "attendance_below", "q"))
)
# `numeric` leaves as a number, not as text.
_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(content: Any) -> bytes:
    """JSON, as every answer writes it."""
    return _encoder.encode(content)


def json_response(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON response."""
    return Response(encode(content), status, headers, "application/json")


async def as_of(reader: Reader, sections: Iterable[int] = ()) -> Row:
    """``as_of`` and ``as_of_time`` of the reader's snapshot.

    And ``set_aside``, those of the ``sections`` that an answer is about whose figures are older.
    """
    row = dict(await reader.once(_SQL["as_of"]))
    # hardly ever any: of the parts of a page each picks its own
    row["set_aside"] = sorted(set(row["set_aside"]).intersection(sections))
    if not row["set_aside"]:
        del row["set_aside"]
    return row


async def listed(
    reader: Reader,
    items: list[Row],
    *,
    total: int | None,
    next: str | None,
    sections: Iterable[int] = (),
) -> dict[str, Any]:
    """The envelope of every list; ``sections``: those whose figures it shows."""
    return {"items": items, "next": next, "total": total, **await as_of(reader, sections)}


async def performers(
    reader: Reader,
    sections: list[int],
    *,
    each: bool = False,
    top: int = 5,
    low: int = 5,
    conditions: Mapping[str, object] = NO_CONDITIONS,
) -> dict[int | None, dict[str, list[Row]]]:
    """``top_performers`` and ``low_performers``: of each section, or (key ``None``) of them all.

    ``conditions`` are those of a list of students: who does not pass them is in neither.
    """
    found: dict[int | None, dict[str, list[Row]]] = {}
    if not each:
        found[None] = no_performers()
    rows = await reader.all(
        _SQL["performers"],
        **conditions,
        sections=sections,
        each=each,
        top_count=top,
        low_count=low,
    )
    for row in rows:
        cohort, kind = row.pop("cohort"), row.pop("kind")
        lists = found.setdefault(cohort, no_performers())
        lists[f"{kind}_performers"].append(listed_student(row))
    return found


async def no_letters(reader: Reader, school_id: int | None) -> msgspec.Raw:
    """The distribution of nobody: every letter of the school's scale, else of the default's."""
    row = await reader.only(_SQL["no_letters"], school_id=school_id)
    return embedded(row["grade_distribution"])


def no_performers() -> dict[str, list[Row]]:
    """The two lists with nobody in them."""
    return {"top_performers": [], "low_performers": []}


def listed_student(row: Row) -> Row:
    """A standing as an item of a list: the student's page in short."""
    return row | {
        "standings": [
            {
                name: row[name]
                for name in (
                    "section_id",
                    "section_name",
                    "average_score",
                    "letter",
                    "status",
                    "attendance_percentage",
                )
            }
        ]
    }


def with_json(row: Row, names: Iterable[str]) -> Row:
    """The row with columns of type json embedded as they are, on one line."""
    return row | {name: embedded(row[name]) for name in names}


def embedded(text: str) -> msgspec.Raw:
    """JSON from the database as a part of an answer."""
    return msgspec.Raw(msgspec.json.format(text.encode(), indent=-1))
