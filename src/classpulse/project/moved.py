"""What a row left when it moved."""

from typing import Any

from classpulse.project.change import Row


def former(key: str, row: Row, old: Row | None) -> int | None:
    """The value that a row of now had before, if it was another one."""
    return old[key] if old is not None and old[key] != row[key] else None


def previous_keys(row: Row, old: Row | None, *keys: str) -> dict[str, Any]:
    """The keys that a row left, for those who see it where it was."""
    if old is None:
        return {}
    return {f"previous_{key}": old[key] for key in keys if old[key] != row[key]}
