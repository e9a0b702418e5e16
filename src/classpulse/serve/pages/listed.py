"""A list of figures as a page lays it out: its rows, and what each column sorts by."""

from collections.abc import Mapping
from typing import Any

from classpulse.serve.api.listing import Listing

#: rows of a page
MOST = 100

# By what a column is sorted, its words, which way its first click sorts; phones show few of them.
_Column = tuple[str | None, str, str, bool]
_COLUMNS: tuple[_Column, ...] = (
    ("students", "Students", "desc", True),
    ("average", "Average", "asc", False),
    ("pass_rate", "Pass rate", "asc", False),
    (None, "Highest", "", True),
    (None, "Lowest", "", True),
    (None, "Without a grade", "", True),
    ("attendance", "Attendance", "asc", False),
)


def listed_shown(found: Mapping[str, Any], asked: Listing, noun: str) -> dict[str, Any]:
    """The list of a page; ``noun`` is what a row is, as its first column says."""
    return {
        **found,
        "noun": f"{noun.lower()}s",
        "is_filtered": asked.words is not None,
        "by_change": asked.sort == "change",
        "columns": [_column(("name", noun, "asc", False), asked)]
        + [_column(column, asked) for column in _COLUMNS],
    }


def _column(column: _Column, asked: Listing) -> dict[str, Any]:
    sort, words, first, is_wide = column
    is_sorted = sort == asked.sort
    turned = "asc" if asked.is_descending else "desc"
    return {
        "sort": sort,
        "words": words,
        "is_wide": is_wide,
        "next_order": turned if is_sorted else first,
        "sorted": None if not is_sorted else "descending" if asked.is_descending else "ascending",
    }
