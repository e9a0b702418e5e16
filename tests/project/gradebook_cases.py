"""Gradebooks whose figures were worked out by hand.

A comment above each case shows the arithmetic. Nothing here was calculated by a program.
"""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
# A fraction is the exact figure in percent, a string the figure rounded half up to 2 places.
Percent = Fraction | str | None


@dataclass(frozen=True)
class Case:
    """All rows of one standing and subject, and what the rule makes of them.

    `dropped` are the grades left out of `average`; other ones may be left out of
    `if_missing_zero`.
    """

    name: str
    categories: dict[int, dict[str, Any]]
    rows: list[Row]
    average: Percent
    if_missing_zero: Percent
    dropped: set[int] = field(default_factory=set)
    uncounted: int = 0


def category(weight: Any = None, drop_lowest: int = 0, drop_highest: int = 0) -> dict[str, Any]:
    return {"weight": weight, "drop_lowest": drop_lowest, "drop_highest": drop_highest}


def rows(*of_case: Row) -> list[Row]:
    return [{"grade_id": number} | row for number, row in enumerate(of_case, start=1)]


def item(
    score: Any,
    total: Any,
    category_id: int | None = None,
    *,
    status: str = "graded",
    weight: Any = None,
    counts: bool = True,
    extra: bool = False,
    never: bool = False,
    held: date | None = None,
    graded_on: date | None = None,
) -> Row:
    """The grade of an item that the school has entered as an exam."""
    return {
        "exam": True,
        "category_id": category_id,
        "status": status,
        "score": score,
        "total_marks": total,
        "weight": weight,
        "item_counts": counts,
        "extra_credit": extra,
        "never_drop": never,
        "exam_date": held,
        "graded_on": graded_on,
    }


def without_exam(
    score: Any,
    total: Any,
    category_id: int | None = None,
    *,
    status: str = "graded",
    graded_on: date | None = None,
) -> Row:
    return item(score, total, category_id, status=status, graded_on=graded_on) | {"exam": False}


def missing(total: Any, category_id: int | None = None, **of_item: Any) -> Row:
    return item(None, total, category_id, status="missing", **of_item)


def excused(total: Any, category_id: int | None = None, **of_item: Any) -> Row:
    return item(None, total, category_id, status="excused", **of_item)


def pending(total: Any, category_id: int | None = None, **of_item: Any) -> Row:
    return item(None, total, category_id, status="pending", **of_item)


def october(day: int) -> date:
    return date(2026, 10, day)


POOLS = [
    # 8 + 15 = 23 of 30; with the missing one 23 of 40
    Case(
        "a school that sets nothing",
        {},
        rows(item(8, 10), without_exam(15, 20), missing(10)),
        Fraction(230, 3),
        Fraction(115, 2),
    ),
    # nothing was graded or is missing
    Case("only excused and pending", {}, rows(excused(10), pending(10)), None, None),
    # 0 of 10
    Case("only missing", {}, rows(missing(10)), None, Fraction(0)),
    # 8 + 30 = 38 of 50, not (80 + 75) / 2
    Case(
        "categories without a weight are one pool",
        {1: category(), 2: category()},
        rows(item(8, 10, 1), item(30, 40, 2)),
        Fraction(76),
        Fraction(76),
    ),
    # (9 + 1) / 20; dropping the 5 of category 1, never the 1 without a category
    Case(
        "a pool drops in its category, not from rows without one",
        {1: category(drop_lowest=1)},
        rows(item(5, 10, 1), item(9, 10, 1), item(1, 10)),
        Fraction(50),
        Fraction(50),
        {1},
    ),
    # 8 + 15 = 23 of 30: a category that only excused work names isn't used
    Case(
        "an excused row uses no category",
        {1: category(40)},
        rows(item(8, 10), item(15, 20), excused(10, 1)),
        Fraction(230, 3),
        Fraction(230, 3),
    ),
]

CATEGORY_WEIGHTS = [
    # (40 × 80 + 60 × 75) / 100 = (3200 + 4500) / 100
    Case(
        "weights of 100",
        {1: category(40), 2: category(60)},
        rows(item(8, 10, 1), item(30, 40, 2)),
        Fraction(77),
        Fraction(77),
    ),
    # (20 × 80 + 30 × 70) / 50 = (1600 + 2100) / 50
    Case(
        "weights below 100",
        {1: category(20), 2: category(30)},
        rows(item(8, 10, 1), without_exam(35, 50, 2)),
        Fraction(74),
        Fraction(74),
    ),
    # (60 × 90 + 40 × 80 + 10 × 50) / 100 = (5400 + 3200 + 500) / 100
    Case(
        "weights above 100 are a bonus",
        {1: category(60), 2: category(40), 3: category(10)},
        rows(item(9, 10, 1), item(8, 10, 2), item(5, 10, 3)),
        Fraction(91),
        Fraction(91),
    ),
    # (100 × 98 + 5 × 100) / 100 = 10300 / 100
    Case(
        "a bonus category goes past 100 percent",
        {1: category(100), 2: category(5)},
        rows(item(49, 50, 1), item(10, 10, 2)),
        Fraction(103),
        Fraction(103),
    ),
    # 20 × 85 / 20, the other category is empty; missing: (20 × 85 + 80 × 0) / 100
    Case(
        "a category with only missing work is empty",
        {1: category(20), 2: category(80)},
        rows(item(17, 20, 1), missing(10, 2)),
        Fraction(85),
        Fraction(17),
    ),
    # 60 × 70 / 60: what the empty category weighs isn't part of the sum
    Case(
        "an empty category beside weights above 100",
        {1: category(60), 2: category(60), 3: category(20)},
        rows(item(7, 10, 1)),
        Fraction(70),
        Fraction(70),
    ),
    # 12.5 × 80 + 37.5 × 60 = 1000 + 2250 = 3250; / 50
    Case(
        "weights with decimals",
        {1: category("12.5"), 2: category("37.5")},
        rows(item(8, 10, 1), item(6, 10, 2)),
        Fraction(65),
        Fraction(65),
    ),
    # (20 × 200/3 + 30 × 500/7) / 50 = (28000 + 45000) / 21 / 50 = 1460/21
    Case(
        "categories in thirds and sevenths stay exact",
        {1: category(20), 2: category(30)},
        rows(item(2, 3, 1), item(5, 7, 2)),
        Fraction(1460, 21),
        Fraction(1460, 21),
    ),
    # 50 × 80 / 50; the 3 and the 4 have no category
    Case(
        "rows without a category beside a weight",
        {1: category(50)},
        rows(item(8, 10, 1), item(3, 10), without_exam(4, 10)),
        Fraction(80),
        Fraction(80),
        uncounted=2,
    ),
    # 50 × 80 / 50; of category 2 the 5 is dropped and the 6 counts nowhere
    Case(
        "a category without a weight beside a weight",
        {1: category(50), 2: category(drop_lowest=1)},
        rows(item(8, 10, 1), item(5, 10, 2), item(6, 10, 2)),
        Fraction(80),
        Fraction(80),
        {2},
        uncounted=1,
    ),
    # 50 × 80 / 50; category 2 weighs nothing
    Case(
        "a category of weight 0 beside a weight",
        {1: category(50), 2: category(0)},
        rows(item(8, 10, 1), item(5, 10, 2), missing(10, 2)),
        Fraction(80),
        Fraction(80),
        uncounted=1,
    ),
    # 0 is a weight, and the weights add up to 0
    Case(
        "only a category of weight 0",
        {1: category(0)},
        rows(item(8, 10, 1), item(5, 10), item(4, 10, 1)),
        None,
        None,
        uncounted=3,
    ),
    # 8 of 10 in the pool; missing: the weight is used, 50 × 0 / 50
    Case(
        "missing work alone uses a category with a weight",
        {1: category(), 2: category(50)},
        rows(item(8, 10, 1), missing(10, 2)),
        Fraction(80),
        Fraction(0),
    ),
    # 8 of 10 in the pool: the practice test doesn't use its category
    Case(
        "an item that doesn't count uses no category",
        {1: category(), 2: category(50)},
        rows(item(8, 10, 1), item(2, 10, 2, counts=False)),
        Fraction(80),
        Fraction(80),
    ),
]

DROPS = [
    # (8 + 9) / 20
    Case(
        "drop the lowest",
        {1: category(drop_lowest=1)},
        rows(item(5, 10, 1), without_exam(8, 10, 1), item(9, 10, 1)),
        Fraction(85),
        Fraction(85),
        {1},
    ),
    # without 3/10: 49/110 = 44.5; without 40/100: 12/20 = 60; without 9/10: 43/110
    Case(
        "the lowest of unequal totals isn't the lowest percentage",
        {1: category(drop_lowest=1)},
        rows(item(3, 10, 1), item(40, 100, 1), item(9, 10, 1)),
        Fraction(60),
        Fraction(60),
        {2},
    ),
    # one alone would be 2/10: 58/100; of two 3 and 4: (2 + 30) / 50 = 64, the most of the six
    # pairs that may stay: 32/50, 22/50, 10/30, 50/80, 38/60, 28/60
    Case(
        "two lowest that hold none of the one lowest",
        {1: category(drop_lowest=2)},
        rows(item(2, 10, 1), item(30, 40, 1), item(20, 40, 1), item(8, 20, 1)),
        Fraction(64),
        Fraction(64),
        {3, 4},
    ),
    # the 9 of 10 stays
    Case(
        "drop more than there is",
        {1: category(drop_lowest=5)},
        rows(item(4, 10, 1), item(6, 10, 1), item(9, 10, 1)),
        Fraction(90),
        Fraction(90),
        {1, 2},
    ),
    # 4 of 10
    Case(
        "the only row stays",
        {1: category(drop_lowest=1, drop_highest=1)},
        rows(item(4, 10, 1)),
        Fraction(40),
        Fraction(40),
    ),
    # (2 + 8) / 20 beats 14/30: the 2 may not go, so the 4 does
    Case(
        "never drop the lowest",
        {1: category(drop_lowest=1)},
        rows(item(2, 10, 1, never=True), item(4, 10, 1), item(8, 10, 1)),
        Fraction(50),
        Fraction(50),
        {2},
    ),
    # (9 + 3) / 20: one row that may be dropped has to stay
    Case(
        "one candidate stays beside a row that is never dropped",
        {1: category(drop_lowest=1)},
        rows(item(9, 10, 1, never=True), item(3, 10, 1)),
        Fraction(60),
        Fraction(60),
    ),
    # (5 + 8) / 20
    Case(
        "drop the highest",
        {1: category(drop_highest=1)},
        rows(item(5, 10, 1), item(8, 10, 1), item(10, 10, 1)),
        Fraction(65),
        Fraction(65),
        {3},
    ),
    # without 10/10: 50/60 = 83.3; without 45/50: 15/20 = 75; without 5/10: 55/60
    Case(
        "the highest of unequal totals isn't the highest percentage",
        {1: category(drop_highest=1)},
        rows(item(10, 10, 1), item(45, 50, 1), item(5, 10, 1)),
        Fraction(75),
        Fraction(75),
        {2},
    ),
    # (6 + 8) / 20
    Case(
        "drop the lowest and the highest",
        {1: category(drop_lowest=1, drop_highest=1)},
        rows(item(2, 10, 1), item(6, 10, 1), item(8, 10, 1), item(10, 10, 1)),
        Fraction(70),
        Fraction(70),
        {1, 4},
    ),
    # the lowest go first and leave the 9, which has to stay
    Case(
        "the lowest leave no highest to drop",
        {1: category(drop_lowest=3, drop_highest=1)},
        rows(item(4, 10, 1), item(6, 10, 1), item(9, 10, 1)),
        Fraction(90),
        Fraction(90),
        {1, 2},
    ),
    # lowest: without 1/5 it is 8/10, with it 9/15; highest: without 8/10 only the 0/0 would stay
    Case(
        "the highest stays where nothing but a row out of 0 would",
        {1: category(drop_lowest=1, drop_highest=1)},
        rows(item(1, 5, 1), item(8, 10, 1), item(0, 0, 1)),
        Fraction(80),
        Fraction(80),
        {1},
    ),
    # categories on their own: 8/10 without the 3, 9/10 without the 10: (40 × 80 + 60 × 90) / 100
    Case(
        "each category drops on its own",
        {1: category(40, drop_lowest=1), 2: category(60, drop_highest=1)},
        rows(item(3, 10, 1), item(8, 10, 1), item(9, 10, 2), item(10, 10, 2)),
        Fraction(86),
        Fraction(86),
        {1, 4},
    ),
    # 8 + 9 + … + 14 = 77 of 140
    Case(
        "half of many dropped",
        {1: category(drop_lowest=7)},
        rows(*(item(score, 20, 1) for score in range(1, 15))),
        Fraction(55),
        Fraction(55),
        {1, 2, 3, 4, 5, 6, 7},
    ),
]

TIES = [
    # (5 + 9) / 20 with either 5: the one of the 2nd goes
    Case(
        "the earlier of two equal rows goes",
        {1: category(drop_lowest=1)},
        rows(
            item(5, 10, 1, held=october(9)),
            item(5, 10, 1, held=october(2)),
            item(9, 10, 1, held=october(1)),
        ),
        Fraction(70),
        Fraction(70),
        {2},
    ),
    # (5 + 9) / 20 with either 5: the first id goes
    Case(
        "the first of two equal rows of one day goes",
        {1: category(drop_lowest=1)},
        rows(
            item(9, 10, 1, held=october(2)),
            item(5, 10, 1, held=october(2)),
            item(5, 10, 1, held=october(2)),
        ),
        Fraction(70),
        Fraction(70),
        {2},
    ),
    # (5 + 9) / 20 with either 5: the one with a date goes
    Case(
        "a row without a date is the last of equal ones",
        {1: category(drop_lowest=1)},
        rows(
            without_exam(5, 10, 1),
            without_exam(5, 10, 1, graded_on=october(9)),
            without_exam(9, 10, 1, graded_on=october(1)),
        ),
        Fraction(70),
        Fraction(70),
        {2},
    ),
    # (5 + 9) / 20 with either 5: held on the 3rd is before held on the 5th
    Case(
        "the day of the exam comes before the day of grading",
        {1: category(drop_lowest=1)},
        rows(
            item(5, 10, 1, held=october(5), graded_on=october(1)),
            item(5, 10, 1, held=october(3), graded_on=october(8)),
            item(9, 10, 1),
        ),
        Fraction(70),
        Fraction(70),
        {2},
    ),
    # (5 + 9) / 20 with either 5: graded on the 4th is before held on the 6th
    Case(
        "the day of grading stands in for an exam without a date",
        {1: category(drop_lowest=1)},
        rows(
            item(5, 10, 1, held=october(6)),
            item(5, 10, 1, graded_on=october(4)),
            item(9, 10, 1),
        ),
        Fraction(70),
        Fraction(70),
        {2},
    ),
    # 80 with any choice: none is the first
    Case(
        "equal rows are all kept",
        {1: category(drop_lowest=2, drop_highest=2)},
        rows(item(8, 10, 1), item(16, 20, 1), item(4, 5, 1)),
        Fraction(80),
        Fraction(80),
    ),
    # (5 + 9) / 20 with either 9 of the highest: the later id has the earlier day
    Case(
        "the earlier of two equal highest goes",
        {1: category(drop_highest=1)},
        rows(
            item(9, 10, 1, held=october(9)),
            item(9, 10, 1, held=october(2)),
            item(5, 10, 1, held=october(1)),
        ),
        Fraction(70),
        Fraction(70),
        {2},
    ),
    # 80 without the 5, and without it and one 8: (1, 2) comes before (2) and (2, 3)
    Case(
        "a row that changes nothing goes with a later one that has to",
        {1: category(drop_lowest=2)},
        rows(item(8, 10, 1), item(5, 10, 1), item(8, 10, 1)),
        Fraction(80),
        Fraction(80),
        {1, 2},
    ),
    # 80 without the 5, and without it and one 8: (1) comes before (1, 2) and (1, 3)
    Case(
        "a row that changes nothing stays after one that has to go",
        {1: category(drop_lowest=2)},
        rows(item(5, 10, 1), item(8, 10, 1), item(8, 10, 1)),
        Fraction(80),
        Fraction(80),
        {1},
    ),
    # without 12/20: 14/20 = 70; without 5/10: 21/30 = 70; all: 26/40; the first id goes
    Case(
        "rows of unequal totals that tie",
        {1: category(drop_lowest=1)},
        rows(item(12, 20, 1), item(5, 10, 1), item(9, 10, 1)),
        Fraction(70),
        Fraction(70),
        {1},
    ),
    # (2 + 8) / 20 as well as (2 + 5 + 8) / 30: dropping nothing is the first
    Case(
        "nothing is dropped where that changes nothing",
        {1: category(drop_lowest=1)},
        rows(item(2, 10, 1, never=True), item(5, 10, 1), item(8, 10, 1)),
        Fraction(50),
        Fraction(50),
    ),
    # (5 + 9) / 20 with any 5: those of the 3rd and the 5th go
    Case(
        "the two earliest of three equal rows go",
        {1: category(drop_lowest=2)},
        rows(
            item(5, 10, 1, held=october(7)),
            item(5, 10, 1, held=october(3)),
            item(5, 10, 1, held=october(5)),
            item(9, 10, 1, held=october(1)),
        ),
        Fraction(70),
        Fraction(70),
        {2, 3},
    ),
]

STATUSES = [
    # 9/10 without the 6; missing: (6 + 9) / 20 without the 0
    Case(
        "missing work is dropped first",
        {1: category(drop_lowest=1)},
        rows(item(6, 10, 1), item(9, 10, 1), missing(10, 1)),
        Fraction(90),
        Fraction(75),
        {1},
    ),
    # 9/10 without the 3; missing: (9 + 0) / 20 without the 3
    Case(
        "missing work that is never dropped",
        {1: category(drop_lowest=1)},
        rows(item(9, 10, 1), item(3, 10, 1), missing(10, 1, never=True)),
        Fraction(90),
        Fraction(45),
        {2},
    ),
    # 9/10 without 10/50; missing: 9/12 without 10/50 beats 19/60 without 0/2
    Case(
        "missing work is kept where a larger total costs more",
        {1: category(drop_lowest=1)},
        rows(item(9, 10, 1), item(10, 50, 1), missing(2, 1)),
        Fraction(90),
        Fraction(75),
        {2},
    ),
    # 6/10 without the 4 and the 10; missing: (4 + 6) / 20 without the 0 and the 10
    Case(
        "missing work between the lowest and the highest",
        {1: category(drop_lowest=1, drop_highest=1)},
        rows(item(4, 10, 1), item(6, 10, 1), item(10, 10, 1), missing(10, 1)),
        Fraction(60),
        Fraction(50),
        {1, 3},
    ),
    # 40 × 80 + 60 × 70 = 7400; missing: 8/20 = 40, 40 × 40 + 60 × 70 = 5800
    Case(
        "missing work in a category with a weight",
        {1: category(40), 2: category(60)},
        rows(item(8, 10, 1), missing(10, 1), item(7, 10, 2)),
        Fraction(74),
        Fraction(58),
    ),
    # 7 of 10
    Case(
        "excused work counts nowhere",
        {},
        rows(item(7, 10), excused(10)),
        Fraction(70),
        Fraction(70),
    ),
    # 9 of 10: neither pending nor excused work is there to be dropped
    Case(
        "pending and excused work is no candidate",
        {1: category(drop_lowest=1)},
        rows(item(7, 10, 1), pending(10, 1), item(9, 10, 1), excused(10, 1)),
        Fraction(90),
        Fraction(90),
        {1},
    ),
    # 9 of 10
    Case(
        "an item that doesn't count",
        {},
        rows(item(9, 10), item(2, 10, counts=False), missing(10, counts=False)),
        Fraction(90),
        Fraction(90),
    ),
    # 8 of 10 without the 6: the 2 isn't there to be dropped
    Case(
        "an item that doesn't count is no candidate",
        {1: category(drop_lowest=1)},
        rows(item(2, 10, 1, counts=False), item(6, 10, 1), item(8, 10, 1)),
        Fraction(80),
        Fraction(80),
        {2},
    ),
]

EXTRA_CREDIT = [
    # (45 + 3) / 50; the missing one adds 0
    Case(
        "extra credit adds a score and no total",
        {},
        rows(item(45, 50), item(3, 5, extra=True), missing(5, extra=True)),
        Fraction(96),
        Fraction(96),
    ),
    # (50 + 5) / 50
    Case(
        "extra credit goes past 100 percent",
        {},
        rows(item(50, 50), item(5, 5, extra=True)),
        Fraction(110),
        Fraction(110),
    ),
    # (8 + 1) / 10 without the 6: the 1 of 5 is no candidate
    Case(
        "extra credit is never dropped",
        {1: category(drop_lowest=1)},
        rows(item(8, 10, 1), item(6, 10, 1), item(1, 5, 1, extra=True)),
        Fraction(90),
        Fraction(90),
        {2},
    ),
    # (8 + 6 + 5) / 20 = 95; without the 8 it is 11/10, without the 6 13/10; the 5 is no candidate
    Case(
        "extra credit is never dropped as the highest",
        {1: category(drop_highest=1)},
        rows(item(8, 10, 1), item(6, 10, 1), item(5, 5, 1, extra=True)),
        Fraction(95),
        Fraction(95),
    ),
    # 5 over a total of 0
    Case(
        "extra credit alone",
        {},
        rows(item(5, 5, extra=True), excused(10)),
        None,
        None,
    ),
    # 5 over a total of 0; missing: 5 over 20
    Case(
        "extra credit beside missing work only",
        {},
        rows(item(5, 5, extra=True), missing(20)),
        None,
        Fraction(25),
    ),
    # (40 + 5) / 50
    Case(
        "extra credit out of 0",
        {},
        rows(item(40, 50), item(5, 0, extra=True)),
        Fraction(90),
        Fraction(90),
    ),
    # 60 × 80 / 60: category 2 has no percentage
    Case(
        "extra credit alone in a category with a weight",
        {1: category(60), 2: category(40)},
        rows(item(8, 10, 1), item(5, 5, 2, extra=True)),
        Fraction(80),
        Fraction(80),
    ),
    # (50 × 90 + 50 × 70) / 100, the 90 from (8 + 1) / 10
    Case(
        "extra credit in a category with a weight",
        {1: category(50), 2: category(50)},
        rows(item(8, 10, 1), item(1, 2, 1, extra=True), item(7, 10, 2)),
        Fraction(80),
        Fraction(80),
    ),
    # category 2 is used and has a weight, but no percentage, so nothing has one
    Case(
        "extra credit alone uses the only weight",
        {1: category(), 2: category(10)},
        rows(item(8, 10, 1), item(2, 2, 2, extra=True)),
        None,
        None,
        uncounted=1,
    ),
    # (2 × 80 + 1 × 50) / 2
    Case(
        "extra credit with a weight adds no weight",
        {1: category()},
        rows(item(8, 10, 1, weight=2), item(5, 10, 1, weight=1, extra=True)),
        Fraction(105),
        Fraction(105),
    ),
    # (80 + 60 + 10) / 2: the weight of the extra credit makes the others weigh 1 each
    Case(
        "the weight of extra credit is one of the category's",
        {1: category()},
        rows(item(8, 10, 1), item(30, 50, 1), item(1, 10, 1, weight=1, extra=True)),
        Fraction(75),
        Fraction(75),
    ),
    # 1 × 80 / 1: a row out of 0 has no percentage to weigh
    Case(
        "extra credit out of 0 with a weight",
        {1: category()},
        rows(item(8, 10, 1), item(5, 0, 1, weight=1, extra=True)),
        Fraction(80),
        Fraction(80),
    ),
]

OUT_OF_0 = [
    # (7 + 2) / 10
    Case(
        "an item out of 0 adds its score",
        {},
        rows(item(7, 10), item(2, 0)),
        Fraction(90),
        Fraction(90),
    ),
    # 5 over a total of 0, whatever is dropped
    Case(
        "only items out of 0",
        {1: category(drop_lowest=1)},
        rows(item(3, 0, 1), item(2, 0, 1)),
        None,
        None,
    ),
    # (5 + 3) / 10; without the 3 of 10 there is no percentage, without the 5 of 0 it is 30
    Case(
        "a choice without a total is never the highest",
        {1: category(drop_lowest=1)},
        rows(item(5, 0, 1), item(3, 10, 1)),
        Fraction(80),
        Fraction(80),
    ),
    # 3/10; without the 3 of 10 there is no percentage
    Case(
        "a choice without a total is never the lowest",
        {1: category(drop_highest=1)},
        rows(item(5, 0, 1), item(3, 10, 1)),
        Fraction(30),
        Fraction(30),
        {1},
    ),
    # 30 × 60 / 30: category 2 has no percentage
    Case(
        "a category with a weight out of 0",
        {1: category(30), 2: category(70)},
        rows(item(6, 10, 1), item(4, 0, 2), missing(0, 2)),
        Fraction(60),
        Fraction(60),
    ),
]

ITEM_WEIGHTS = [
    # (3 × 90 + 1 × 50) / 4
    Case(
        "item weights in a category",
        {1: category(100)},
        rows(item(9, 10, 1, weight=3), item(25, 50, 1, weight=1)),
        Fraction(80),
        Fraction(80),
    ),
    # (3 × 90 + 1 × 50) / 4
    Case(
        "an item without a weight weighs 1",
        {1: category(100)},
        rows(item(9, 10, 1, weight=3), without_exam(25, 50, 1)),
        Fraction(80),
        Fraction(80),
    ),
    # category 1: (3 × 90 + 1 × 50) / 4 = 80; category 2: 38/60; (60 × 80 + 30 × 190/3) / 90
    Case(
        "item weights of one category leave another alone",
        {1: category(60), 2: category(30)},
        rows(
            item(9, 10, 1, weight=3),
            item(25, 50, 1, weight=1),
            item(8, 10, 2),
            item(30, 50, 2),
        ),
        Fraction(670, 9),
        Fraction(670, 9),
    ),
    # (2 × 90 + 1 × 60) / 3
    Case(
        "a row out of 0 is left out where items have weights",
        {1: category()},
        rows(item(9, 10, 1, weight=2), item(3, 0, 1, weight=5), item(6, 10, 1, weight=1)),
        Fraction(80),
        Fraction(80),
    ),
    # (0 × 90 + 1 × 70) / 1
    Case(
        "an item of weight 0",
        {1: category()},
        rows(item(9, 10, 1, weight=0), item(7, 10, 1)),
        Fraction(70),
        Fraction(70),
    ),
    # category 1 has only weights of 0, so no percentage: 40 × 70 / 40
    Case(
        "only items of weight 0",
        {1: category(60), 2: category(40)},
        rows(item(9, 10, 1, weight=0), item(7, 10, 2)),
        Fraction(70),
        Fraction(70),
    ),
    # (3 × 90 + 1 × 50 + 1 × 60) / 5
    Case(
        "item weights in the pool",
        {1: category(), 2: category()},
        rows(item(9, 10, 1, weight=3), item(25, 50, 2), item(3, 5)),
        Fraction(76),
        Fraction(76),
    ),
    # without 9/10: (40 + 4 × 50) / 5 = 48; without 4/10: (90 + 200) / 5 = 58; without 5/10:
    # (90 + 40) / 2 = 65
    Case(
        "drop the lowest among item weights",
        {1: category(drop_lowest=1)},
        rows(item(9, 10, 1, weight=1), item(4, 10, 1, weight=1), item(5, 10, 1, weight=4)),
        Fraction(65),
        Fraction(65),
        {3},
    ),
    # (90 + 60) / 2, not 39/60: the 2 of 10 had a weight before it was dropped
    Case(
        "the only item with a weight is dropped",
        {1: category(drop_lowest=1)},
        rows(item(2, 10, 1, weight=2), item(9, 10, 1), item(30, 50)),
        Fraction(75),
        Fraction(75),
        {1},
    ),
    # the same in a category with a weight: (90 + 60) / 2, not 39/60
    Case(
        "the only item with a weight is dropped from a category with a weight",
        {1: category(100, drop_lowest=1)},
        rows(item(2, 10, 1, weight=2), item(9, 10, 1), item(30, 50, 1)),
        Fraction(75),
        Fraction(75),
        {1},
    ),
    # 38/60; missing: (1 × 80 + 1 × 60 + 2 × 0) / 4
    Case(
        "only missing work has a weight",
        {1: category()},
        rows(item(8, 10, 1), item(30, 50, 1), missing(10, 1, weight=2)),
        Fraction(190, 3),
        Fraction(35),
    ),
    # 38/60: the weights of excused work and of an item that doesn't count make none here
    Case(
        "weights of what doesn't count",
        {1: category()},
        rows(
            item(8, 10, 1),
            item(30, 50, 1),
            excused(10, 1, weight=2),
            item(1, 10, 1, weight=2, counts=False),
        ),
        Fraction(190, 3),
        Fraction(190, 3),
    ),
    # the category drops by totals: without 40/100 it is 12/20; the pool then weighs its rows by
    # the item without a category: (30 + 90 + 2 × 100) / 4
    Case(
        "a category drops by its own totals before the pool weighs",
        {1: category(drop_lowest=1)},
        rows(item(3, 10, 1), item(40, 100, 1), item(9, 10, 1), item(4, 4, weight=2)),
        Fraction(80),
        Fraction(80),
        {2},
    ),
]

ROUNDING = [
    # 16249 / 20000
    Case("half a hundredth goes up", {}, rows(item("162.49", 200)), "81.25", "81.25"),
    # 40622 / 50000 = 81.244
    Case("less than half goes down", {}, rows(item("406.22", 500)), "81.24", "81.24"),
    # (50 × 81.24 + 50 × 81.25) / 100 = 81.245, of 2031/2500 and 13/16
    Case(
        "half a hundredth of two categories goes up",
        {1: category(50), 2: category(50)},
        rows(item(2031, 2500, 1), item(13, 16, 2)),
        "81.25",
        "81.25",
    ),
    # 12/10
    Case("a score above its total", {}, rows(item(12, 10)), Fraction(120), Fraction(120)),
    # 2/3 = 66.666…; missing: 2/6
    Case("thirds", {}, rows(item(2, 3), missing(3)), "66.67", "33.33"),
]

CASES = [
    *POOLS,
    *CATEGORY_WEIGHTS,
    *DROPS,
    *TIES,
    *STATUSES,
    *EXTRA_CREDIT,
    *OUT_OF_0,
    *ITEM_WEIGHTS,
    *ROUNDING,
]
