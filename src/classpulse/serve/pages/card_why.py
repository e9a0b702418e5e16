"""What an average is made of, in sentences: the card's answer to "Why 81.25 %?"."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import convert

from classpulse.serve.carried import Carried, in_words
from classpulse.serve.pages.display import shown

_NOT = {
    "dropped": "no, dropped",
    "item does not count": "no, this work doesn’t count",
    "no weighted category": "no, no weighted category",
}


def why(subject: Mapping[str, Any]) -> list[str]:
    """How the average of a subject follows from its grades; nothing where there is none."""
    if subject["percentage"] is None:
        return []
    weighted = [
        one for one in subject["categories"] if one["weight"] and one["percentage"] is not None
    ]
    lines = [_weighted(weighted, subject)] if weighted else [_pooled(subject)]
    lines += _notes(subject)
    if not subject["overridden"]:
        return lines
    return [*lines, f"{set_by_hand(subject)}: the letter goes by it, the average doesn’t."]


def counting(grade: Mapping[str, Any]) -> str:
    """Whether a grade counts, and if not why."""
    if grade["counts"]:
        return "yes, as extra credit" if grade["extra_credit"] else "yes"
    return _NOT.get(grade["why_not"], "no")


def set_by_hand(figures: Mapping[str, Any]) -> str:
    """What a person set instead of a calculated figure."""
    if not figures["overridden"]:
        return ""
    parts = []
    if figures["override_average"] is not None:
        parts.append(shown(figures["override_average"], "percent"))
    if figures["override_letter"] is not None:
        parts.append(str(figures["override_letter"]))
    return f"Set by hand: {', '.join(parts)}"


def brought(subject: Mapping[str, Any]) -> str:
    """What of earlier sections is in it: "with 12 grades from Class 10-A"."""
    return in_words(convert(subject["carried"], list[Carried]))


def _weighted(categories: list[Any], subject: Mapping[str, Any]) -> str:
    total = sum(Decimal(str(one["weight"])) for one in categories)
    parts = " + ".join(
        f"{shown(one['weight'], 'marks')} × {shown(one['percentage'], 'percent')} ({one['name']})"
        for one in categories
    )
    divisor = shown(min(total, Decimal(100)), "marks")
    bonus = ", so what is above 100 is a bonus" if total > 100 else ""
    return f"({parts}) ÷ {divisor}{bonus} = {shown(subject['percentage'], 'percent')}"


def _pooled(subject: Mapping[str, Any]) -> str:
    rows = [grade for grade in subject["grades"] if grade["counts"]]
    result = shown(subject["percentage"], "percent")
    if any(grade["weight"] is not None for grade in rows):
        return f"The mean of {len(rows)} grades by the weights of their work = {result}"
    score = sum(Decimal(str(grade["score"])) for grade in rows)
    total = sum(Decimal(str(g["total_marks"])) for g in rows if not g["extra_credit"])
    return f"{shown(score, 'marks')} of {shown(total, 'marks')} points = {result}"


def _notes(subject: Mapping[str, Any]) -> list[str]:
    dropped = [grade for grade in subject["grades"] if grade["why_not"] == "dropped"]
    extra = [grade for grade in subject["grades"] if grade["counts"] and grade["extra_credit"]]
    words = brought(subject)
    lines = [f"It is made {words}, which the student has left"] if words else []
    if dropped:
        names = ", ".join(_work(grade) for grade in dropped)
        lines.append(f"Dropped, as the category says: {names}")
    if extra:
        names = ", ".join(_work(grade) for grade in extra)
        lines.append(f"Extra credit adds its points and no total: {names}")
    uncounted = subject["uncounted_count"]
    if uncounted:
        lines.append(
            "1 grade is in no weighted category and counts nowhere"
            if uncounted == 1
            else f"{uncounted} grades are in no weighted category and count nowhere"
        )
    return lines


def _work(grade: Mapping[str, Any]) -> str:
    name = grade["exam_name"] or "a grade without an exam"
    return f"{name} ({shown(grade['score'], 'marks')} of {shown(grade['total_marks'], 'marks')})"
