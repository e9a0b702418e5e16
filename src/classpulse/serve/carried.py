"""What a figure holds of sections that the student has left, in words."""

from collections.abc import Sequence

from msgspec import Struct


class Carried(Struct, frozen=True):
    """Grades of one earlier section, as a student's answer embeds them."""

    section_id: int
    section_name: str
    grades: int


def in_words(carried: Sequence[Carried]) -> str:
    """ "with 12 grades from Class 10-A"; nothing where there are none."""
    if not carried:
        return ""
    parts = [
        f"{one.grades} {'grade' if one.grades == 1 else 'grades'} from {one.section_name}"
        for one in carried
    ]
    return f"with {' and '.join(parts)}"
