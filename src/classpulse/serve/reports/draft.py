"""A report on its way: its content, the rows still to be read, and whom it concerns."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from classpulse.serve.reports.content import Content, Stamp
from classpulse.serve.snapshot import Reader, Row
from classpulse.sql import queries

_SQL = queries("reports")


@dataclass(frozen=True)
class Draft:
    """Valid in its snapshot only: ``batches`` reads on there. Each row has its ``section_id``."""

    content: Content
    batches: AsyncIterator[list[Row]]
    schools: list[Row]


async def stamp_of(
    reader: Reader, schools: list[Row], sections: list[int]
) -> tuple[Stamp, list[str]]:
    """When this is, at these schools, and what they are called.

    ``sections``: those whose figures the report holds; which of them are older is in the stamp.
    """
    row = await reader.only(
        _SQL["stamp"],
        schools=[school["school_id"] for school in schools],
        sections=sections,
    )
    names = row.pop("school_names")
    return Stamp(**row), names
