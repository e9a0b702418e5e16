"""Clocks of schools that are where a test needs them."""

from datetime import UTC, datetime

_DAY = 86_400


def zone_where_midnight_is_in(seconds: int) -> str:
    """A time zone whose next midnight is so many seconds from now."""
    now = datetime.now(UTC)
    offset = _DAY - (now.hour * 3600 + now.minute * 60 + now.second + seconds) % _DAY
    if offset > _DAY // 2:
        offset -= _DAY
    sign, size = ("-", offset) if offset >= 0 else ("+", -offset)
    return f"<TST>{sign}{size // 3600}:{size % 3600 // 60:02d}:{size % 60:02d}"
