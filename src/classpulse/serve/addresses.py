"""Where links of a page lead. ``static/js/addresses.js`` is the live twin."""

from urllib.parse import urlencode


def student_link(student_id: int) -> str:
    """The same page, with a student."""
    return "?" + urlencode({"student": student_id})
