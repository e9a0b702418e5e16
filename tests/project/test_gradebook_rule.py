"""The oracle of the gradebook agrees with figures that were worked out by hand."""

import random
from fractions import Fraction

import pytest

from project.gradebook_cases import (
    CASES,
    Case,
    Percent,
    category,
    excused,
    item,
    missing,
    october,
    pending,
    rows,
    without_exam,
)
from project.gradebook_oracle import (
    has_item_weights,
    may_be_dropped,
    place,
    search,
    subject_by_rule,
    try_every_choice,
)
from project.oracle import half_up


def as_written(value: Fraction | None, expected: Percent) -> Percent:
    return str(half_up(value)) if isinstance(expected, str) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_figures_are_those_worked_by_hand(case: Case) -> None:
    found = subject_by_rule(case.rows, case.categories)
    assert as_written(found["average"], case.average) == case.average
    assert as_written(found["if_missing_zero"], case.if_missing_zero) == case.if_missing_zero
    assert found["dropped"] == case.dropped
    assert found["uncounted_count"] == case.uncounted


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_order_of_the_rows_changes_nothing(case: Case) -> None:
    backwards = subject_by_rule(case.rows[::-1], case.categories)
    assert backwards == subject_by_rule(case.rows, case.categories)


def test_a_case_has_a_name_of_its_own_and_numbered_rows() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        assert [row["grade_id"] for row in case.rows] == list(range(1, len(case.rows) + 1))


def test_every_row_and_category_is_explained() -> None:
    found = subject_by_rule(
        rows(
            item(3, 10, 1),
            item(8, 10, 1),
            missing(10, 1),
            item(1, 10, 1, counts=False),
            missing(10, 1, counts=False),
            item(5, 10, 2),
            item(6, 10, 2),
            item(7, 10, 3),
            without_exam(9, 10),
            excused(10, 4),
            pending(10),
            item(4, 4, 5, extra=True),
        ),
        {
            1: category(50, drop_lowest=1),
            2: category(drop_highest=1),
            3: category(0),
            4: category(20),
            5: category(30),
            6: category(10),
        },
    )
    # 50 × 80 / 50; missing: 50 × 11/20 / 50 without the 0 of 10
    assert found == {
        "average": Fraction(80),
        "if_missing_zero": Fraction(55),
        "graded_count": 7,
        "missing_count": 1,
        "uncounted_count": 3,
        "dropped": {1, 7},
        "categories": {
            1: {"percentage": Fraction(80), "graded": 2, "missing": 1, "dropped": [1]},
            2: {"percentage": Fraction(50), "graded": 2, "missing": 0, "dropped": [7]},
            3: {"percentage": Fraction(70), "graded": 1, "missing": 0, "dropped": []},
            4: {"percentage": None, "graded": 0, "missing": 0, "dropped": []},
            5: {"percentage": None, "graded": 1, "missing": 0, "dropped": []},
        },
        "why_not": {
            1: "dropped",
            2: None,
            3: "missing",
            4: "item does not count",
            5: "missing",
            6: "no weighted category",
            7: "dropped",
            8: "no weighted category",
            9: "no weighted category",
            10: "excused",
            11: "pending",
            12: None,
        },
    }


@pytest.mark.parametrize("sign", [1, -1])
def test_the_search_finds_what_trying_every_choice_finds(sign: int) -> None:
    chance = random.Random(20261001)
    for _ in range(300):
        weights: list[int | None] = [None, 0, 1, 2] if chance.random() < 0.5 else [None]
        of_category = rows(
            *(
                item(
                    chance.randint(0, 4),
                    chance.choice([0, 2, 4, 4]),
                    1,
                    weight=chance.choice(weights),
                    extra=chance.random() < 0.1,
                    never=chance.random() < 0.1,
                    held=chance.choice([None, october(1), october(2)]),
                )
                for _ in range(chance.randint(2, 6))
            )
        )
        candidates = sorted((row for row in of_category if may_be_dropped(row)), key=place)
        for limit in range(1, len(candidates)):
            of = (of_category, candidates, limit, sign, has_item_weights(of_category))
            assert search(*of) == try_every_choice(*of)
