"""What is read of an overview: all of it at first, then what may have changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

# How many rows of sections, and of subjects, an overview or a change of it carries at most.
MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """How somebody gets into a list of performers or leaves it.

    ``sections`` are those of the listed. Elsewhere only who comes to ``top_bar`` or above, or to
    ``low_bar`` or below, can be new; ``None``: there is room for anyone.
    """

    sections: frozenset[int] = frozenset()
    top_bar: Any = None
    low_bar: Any = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What may have changed since the last reading.

    ``subjects``: whose figures did; ``whole_sections``: those of which every subject may have.
    ``listed`` is ``None`` where the performers must be read in any case.
    """

    sections: frozenset[int] = frozenset()
    subjects: frozenset[int] = frozenset()
    whole_sections: frozenset[int] = frozenset()
    listed: Listed | None = None
    # more may have changed than rows can tell
    refetch: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """An overview, or what was asked of it, as JSON ready to be sent.

    ``lists`` are the letters and the performers, as far as they were read; ``rows`` those of
    ``sections`` and ``subjects`` by id. ``missing``: subjects that were asked for and are not (any
    more) of this scope. ``subject_ids``: all that are.
    """

    as_of: str
    head: Mapping[str, Any] = field(default_factory=dict)
    totals: msgspec.Raw = field(default_factory=lambda: msgspec.Raw(b"{}"))
    lists: Mapping[str, msgspec.Raw] = field(default_factory=dict)
    sections: Mapping[int, msgspec.Raw] = field(default_factory=dict)
    subjects: Mapping[int, msgspec.Raw] = field(default_factory=dict)
    truncated: bool = False
    missing: frozenset[int] = frozenset()
    subject_ids: frozenset[int] = frozenset()
    listed: Listed | None = None
