"""Values as people read them: the same words in every format."""

from typing import Any

from classpulse.serve.reports.columns import Kind

UNKNOWN = "–"
STATUS = {
    "pass": "Pass",
    "fail": "Fail",
    "no_data": "No data",
    "graded": "Graded",
    "missing": "Missing",
    "excused": "Excused",
    "pending": "Pending",
    "present": "Present",
    "late": "Late",
    "absent": "Absent",
}


def flag(value: bool) -> str:
    return "yes" if value else "no"


def shown(value: Any, kind: Kind) -> str:
    """A value as a printed page has it, with the places that the database gave it."""
    if value is None or value == "":
        return UNKNOWN
    match kind:
        case "number":
            return f"{value:.2f}"
        case "marks":
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case "count":
            return f"{value:,}"
        case "flag":
            return flag(value)
        case "status":
            return STATUS.get(value, str(value))
        case "day":
            return f"{value:%b} {value.day}, {value.year}"
        case _:
            return str(value)
