"""The types of events, as a parameter names them."""

from collections.abc import Iterable

from classpulse.publish.subscriber import OVERVIEW
from classpulse.serve.problems import Problem

#: of the log, as far as they are about the sections that somebody sees
LOGGED = (
    "grade_update",
    "attendance_update",
    "exam_created",
    "exam_updated",
    "exam_deleted",
    "roster_update",
    "bulk_update",
    "figures_changed",
)
#: what a stream may be asked for
TYPES = frozenset({*LOGGED, OVERVIEW})
# They always come; naming one is no mistake.
CONTROL = frozenset({"ready", "heartbeat", "reset", "token_expiring", "scope_changed"})


def types_of(given: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """The event types of a parameter that may repeat and hold commas; unknown ones are a 400."""
    asked = frozenset(name for text in given for name in text.split(",") if name)
    unknown = sorted(asked - set(known))
    if unknown or not asked:
        what = f"Unknown event type: {', '.join(unknown)[:200]}" if unknown else "types is empty"
        raise Problem(
            400,
            f"{what}. Known: {', '.join(sorted(known))}.",
            errors=[{"parameter": "types", "detail": "unknown type"}],
        )
    return asked
