"""What a report holds, whatever format it is written in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from classpulse.serve.reports.columns import Column

Report = Literal["overview", "section", "subject", "student"]
Form = Literal["whole", "percent", "text"]
# As everywhere; not from where the database is reached, which takes a second to load.
Row = dict[str, Any]
#: as many sections as one sentence names
_NAMED = 5


@dataclass(frozen=True)
class Figure:
    """One number of the summary, as the database rounded it; ``None`` is unknown."""

    label: str
    value: object
    form: Form


@dataclass(frozen=True)
class Chart:
    """Bars: how many by letter (``whole``), or an average by subject (``percent``)."""

    title: str
    label: str
    measure: str
    bars: Mapping[str, Decimal | int | None]
    form: Form


@dataclass(frozen=True)
class Line:
    """Percentages week by week, from the week of ``first`` to that of ``last``; ``None`` is a
    gap. At least three are known."""

    title: str
    first: str
    last: str
    values: Sequence[Decimal | None]


@dataclass(frozen=True)
class Table:
    """A table that is short enough to be held. A printed page may do without it, or hold another
    in its place: ``printed``."""

    title: str
    columns: tuple[Column, ...]
    rows: list[Row]
    on_page: bool = True
    printed: "Table | None" = None

    def as_printed(self) -> "Table":
        """What a page shows of it."""
        return self.printed or self


@dataclass(frozen=True)
class Stamp:
    """When its figures were true and when it was made, by the clock on the school's wall."""

    as_of: str
    as_of_time: datetime
    time_zone: str
    local_as_of: datetime
    local_made: datetime
    #: sections whose figures can't be updated and are older than ``as_of``, and their names
    set_aside: Sequence[int] = ()
    set_aside_names: Sequence[str] = ()

    def as_of_in_words(self) -> str:
        return f"As of {in_words(self.local_as_of)} ({self.time_zone})"

    def made_in_words(self) -> str:
        return f"{in_words(self.local_made)} ({self.time_zone})"

    def set_aside_in_words(self) -> str | None:
        """The sentence beside the as-of line, if some of the figures are older than it says."""
        if not self.set_aside:
            return None
        return (
            f"Figures of {several(self.set_aside_names, _NAMED)} can't be updated at the moment"
            " and are older. Your administrator sees why."
        )


@dataclass(frozen=True)
class Content:
    """A report without its long table.

    The rows of ``main`` (its ``rows`` are empty here) come beside it, in batches: there may be a
    hundred thousand. ``total`` is how many, ``before`` and ``after`` are the tables around it.
    """

    report: Report
    title: str
    about: str
    stamp: Stamp
    viewer_name: str
    filters: list[str]
    figures: list[Figure]
    chart: Chart
    main: Table
    total: int
    before: list[Table] = field(default_factory=list)
    after: list[Table] = field(default_factory=list)
    #: on paper alone, under the chart
    lines: list[Line] = field(default_factory=list)


def several(names: Sequence[str], shown: int) -> str:
    """A, B, C and 4 more."""
    if len(names) <= shown:
        return ", ".join(names)
    return f"{', '.join(names[:shown])} and {len(names) - shown} more"


def in_words(moment: datetime) -> str:
    """Monday, October 20, 2025, 14:02."""
    return f"{moment:%A}, {moment:%B} {moment.day}, {moment.year}, {moment:%H:%M}"
