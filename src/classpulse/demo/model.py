"""What a student can be expected to do: the hidden truth that made-up rows are drawn around.

Everything hidden follows from ids alone, so the generator and a simulator that runs for days
draw around the same truth, and the figures don't drift.
"""

import random
from dataclasses import dataclass
from decimal import Decimal

_SEED = "classpulse"
_MEAN, _BETWEEN_STUDENTS, _BETWEEN_SUBJECTS = 72.0, 9.0, 5.0
_SUBJECT_DIFFICULTY, _EXAM_DIFFICULTY, _NOISE = 2.5, 3.5, 6.0
_CHRONIC = 0.06
# Monday to Friday: absences are most frequent at the ends of the week
_WEEKDAYS = (1.35, 0.85, 0.8, 0.9, 1.3)


def _hidden(kind: str, *ids: int) -> random.Random:
    return random.Random(f"{_SEED}:{kind}:{':'.join(map(str, ids))}")  # noqa: S311


@dataclass(frozen=True)
class Result:
    """A grade as it would be written."""

    status: str
    score: Decimal | None


def often_away(student_id: int) -> bool:
    """The few who miss school again and again."""
    return _hidden("away", student_id).random() < _CHRONIC


def expected(student_id: int, subject_id: int, exam_id: int) -> float:
    """The percentage that this student would reach in this exam on an ordinary day."""
    return (
        _MEAN
        + _hidden("student", student_id).gauss(0, _BETWEEN_STUDENTS)
        + _hidden("offset", student_id, subject_id).gauss(0, _BETWEEN_SUBJECTS)
        + _hidden("subject", subject_id).gauss(0, _SUBJECT_DIFFICULTY)
        + _hidden("exam", exam_id).gauss(0, _EXAM_DIFFICULTY)
        - (7 if often_away(student_id) else 0)
    )


def score(draw: random.Random, percentage: float, total_marks: Decimal) -> Decimal:
    """A score about ``percentage``, in half marks for a small exam, else in whole ones."""
    reached = min(100.0, max(8.0, percentage + draw.gauss(0, _NOISE)))
    steps = 2 if total_marks <= 25 else 1
    return Decimal(round(float(total_marks) * reached / 100 * steps)) / steps


def result(
    draw: random.Random, student_id: int, subject_id: int, exam_id: int, total_marks: Decimal
) -> Result:
    """A grade: mostly a score, now and then missing, excused or not marked yet."""
    chance = draw.random() / (4 if often_away(student_id) else 1)
    if chance < 0.012:
        return Result("missing", None)
    if chance < 0.020:
        return Result("excused", None)
    if draw.random() < 0.004:
        return Result("pending", None)
    percentage = expected(student_id, subject_id, exam_id)
    return Result("graded", score(draw, percentage, total_marks))


def presence(draw: random.Random, student_id: int, weekday: int) -> str:
    """A status of attendance: about 93 % there, of whom one in twenty is late."""
    away = _hidden("presence", student_id).uniform(0.02, 0.065)
    if often_away(student_id):
        away = 0.28
    if draw.random() < away * _WEEKDAYS[min(weekday, 4)]:
        return "excused" if draw.random() < 0.35 else "absent"
    return "late" if draw.random() < 0.05 else "present"
