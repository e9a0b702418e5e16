"""Names and remarks as events carry them. The twins in SQL are shown_name and shown_remark."""

_NAME = 500
_REMARK = 2_000


def shown_name(name: str | None) -> str | None:
    """At most 500 characters, cut with an ellipsis."""
    return _cut(name, _NAME)


def shown_remark(remark: str | None) -> str | None:
    """At most 2,000 characters, cut with an ellipsis."""
    return _cut(remark, _REMARK)


def _cut(text: str | None, most: int) -> str | None:
    return text if text is None or len(text) <= most else f"{text[: most - 1]}…"
