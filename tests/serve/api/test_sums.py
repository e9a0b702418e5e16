"""Blocks of sections add up to what all sections have, to the last digit."""

from decimal import Decimal
from typing import Any

from classpulse.serve.api.sums import added, decoded, distribution


def block(subject: int | None = 1, **own: Any) -> dict[str, Any]:
    counts = (
        "total_sections standings passed_students failed_students no_data averages present late"
        " absent excused attended missed missed_excused due_items marked_items calendars"
        " registers_expected registers_taken uncounted_count"
    )
    return {
        "block": 0,
        "subject_id": subject,
        "letters": {},
        "sections": 5,
        "average_sum": Decimal(0),
        "highest_score": None,
        "lowest_score": None,
        "changed": None,
        "distributions": "[]",
        **dict.fromkeys(counts.split(), 1),
        **own,
    }


def test_sums_have_every_digit() -> None:
    long = Decimal("12345678901234567890.123456789012345678901234")
    total = added([block(average_sum=long), block(average_sum=long), block(2)])
    assert total[1]["average_sum"] == Decimal("24691357802469135780.246913578024691357802468")
    assert total[1]["standings"] == 2
    assert total[2]["standings"] == 1


def test_extremes_leave_out_what_is_unknown() -> None:
    rows = [
        block(highest_score=None, lowest_score=None),
        block(highest_score=Decimal(90), lowest_score=Decimal(20)),
        block(highest_score=Decimal(80), lowest_score=Decimal(10)),
    ]
    total = added(rows)[1]
    assert (total["highest_score"], total["lowest_score"]) == (90, 10)
    assert added(rows[:1])[1]["highest_score"] is None


def test_letters_are_those_of_the_scales_the_best_first() -> None:
    one = decoded(
        block(
            letters=["F", "A", "A+"],
            distributions='[{"A": 2, "F": 1, "old": 4}, {"A+": 1, "A": 1}]',
        )
    )
    other = decoded(block(letters=["N", "A", "Y"], distributions='[{"Y": 7}]'))
    total = added([one, other])[1]
    assert distribution(total["letters"]) == {"A+": 1, "Y": 7, "A": 3, "F": 1, "N": 0}
    # what was added up is not changed by it
    assert one["letters"] == {"A+": (1, 0), "A": (3, 1), "F": (1, 2)}


def test_nothing_adds_up_to_nothing() -> None:
    assert added([]) == {}
    assert distribution({}) == {}
