"""Figures calculated a second time, in exact fractions and without a line of the product."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

LETTERS = {"A+": 95, "A": 90, "B+": 85, "B": 80, "C+": 75, "C": 70, "D+": 65, "D": 60, "F": 0}
PASS = 60


def shown(value: Fraction | None) -> Decimal | None:
    """Half up to two places."""
    if value is None:
        return None
    return Decimal((value * 200 + 1) // 2) / 100


def mean(values: Iterable[Fraction]) -> Fraction | None:
    values = list(values)
    return sum(values, Fraction()) / len(values) if values else None


def letter(average: Decimal) -> str:
    return next(name for name, minimum in LETTERS.items() if average >= minimum)


@dataclass
class Group:
    """What a section's or a subject's cached row should hold."""

    students: int
    averages: list[Fraction]

    def figures(self) -> dict[str, object]:
        rounded = [shown(average) for average in self.averages]
        passed = sum(average >= PASS for average in rounded if average is not None)
        distribution = Counter(letter(average) for average in rounded if average is not None)
        rate = Fraction(100 * passed, len(rounded)) if rounded else None
        return {
            "total_students": self.students,
            "no_data": self.students - len(rounded),
            "average_score": shown(mean(self.averages)),
            "highest_score": max(rounded, default=None),
            "lowest_score": min(rounded, default=None),
            "passed_students": passed,
            "failed_students": len(rounded) - passed,
            "pass_rate": shown(rate),
            "grade_distribution": {name: distribution[name] for name in LETTERS},
        }
