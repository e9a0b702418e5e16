"""The rule of the gradebook by brute force, with fractions.

It shares nothing with the code under test. Every choice of what may be dropped is tried; where
there are too many, a search finds the same one.
"""

from datetime import date
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Any

Row = dict[str, Any]
Rows = list[Row]
Categories = dict[int, dict[str, Any]]
Terms = tuple[Fraction, Fraction]
TRIED_AT_MOST = 4096


def subject_by_rule(rows: Rows, categories: Categories) -> dict[str, Any]:
    """The figures of one standing and subject, in percent, from all its rows of any status."""
    items = [row for row in rows if row["item_counts"]]
    graded = [row for row in items if row["status"] == "graded"]
    missing = [row | {"score": 0} for row in items if row["status"] == "missing"]
    average, percentages, dropped = average_of(graded, categories)
    if_missing_zero, _, _ = average_of(graded + missing, categories)
    nowhere = {row["grade_id"] for row in uncounted(graded, categories)} - dropped
    used = {row["category_id"] for row in rows} - {None}
    return {
        "average": average,
        "if_missing_zero": if_missing_zero,
        "graded_count": len(graded),
        "missing_count": len(missing),
        "uncounted_count": len(nowhere),
        "dropped": dropped,
        "categories": {
            key: {
                "percentage": percentages.get(key),
                "graded": len(of_category(graded, key)),
                "missing": len(of_category(missing, key)),
                "dropped": sorted(
                    dropped & {row["grade_id"] for row in of_category(graded, key)},
                ),
            }
            for key in sorted(used)
        },
        "why_not": {row["grade_id"]: why_not(row, dropped, nowhere) for row in rows},
    }


def average_of(
    counted: Rows, categories: Categories
) -> tuple[Fraction | None, dict[int, Fraction | None], set[int]]:
    """The average, the percentage of each category used, and the grades that were dropped."""
    percentages: dict[int, Fraction | None] = {}
    staying = of_category(counted, None)
    for key in {row["category_id"] for row in counted} - {None}:
        own = of_category(counted, key)
        left = after_drops(own, categories[key])
        percentages[key] = percentage(left, has_item_weights(own))
        staying += left
    dropped = {row["grade_id"] for row in counted} - {row["grade_id"] for row in staying}
    if not has_category_weights(counted, categories):
        return percentage(staying, has_item_weights(counted)), percentages, dropped
    weighed = [
        (exact(categories[key]["weight"]), value)
        for key, value in percentages.items()
        if value is not None and categories[key]["weight"]
    ]
    weights = sum((weight for weight, _ in weighed), Fraction(0))
    if weights == 0:
        return None, percentages, dropped
    points = sum((weight * value for weight, value in weighed), Fraction(0))
    return points / min(weights, Fraction(100)), percentages, dropped


def uncounted(counted: Rows, categories: Categories) -> Rows:
    """The rows that count nowhere because no category with a weight holds them."""
    if not has_category_weights(counted, categories):
        return []
    return [
        row
        for row in counted
        if row["category_id"] is None or not categories[row["category_id"]]["weight"]
    ]


def why_not(row: Row, dropped: set[int], nowhere: set[int]) -> str | None:
    if row["status"] != "graded":
        return str(row["status"])
    if not row["item_counts"]:
        return "item does not count"
    if row["grade_id"] in dropped:
        return "dropped"
    return "no weighted category" if row["grade_id"] in nowhere else None


def of_category(rows: Rows, key: int | None) -> Rows:
    return [row for row in rows if row["category_id"] == key]


def has_category_weights(counted: Rows, categories: Categories) -> bool:
    used = {row["category_id"] for row in counted} - {None}
    return any(categories[key]["weight"] is not None for key in used)


def has_item_weights(rows: Rows) -> bool:
    return any(row["weight"] is not None for row in rows)


def exact(value: Any) -> Fraction:
    """Through its text, so that a float is the decimal that was written."""
    return Fraction(str(value))


def terms(row: Row, weighted: bool) -> Terms:
    """What a row adds above and below the line of a percentage."""
    score, total = exact(row["score"]), exact(row["total_marks"])
    if weighted:
        if total == 0:
            return Fraction(0), Fraction(0)
        weight = Fraction(1) if row["weight"] is None else exact(row["weight"])
        score, total = weight * score / total, weight
    return score, Fraction(0) if row["extra_credit"] else total


def ratio(pairs: list[Terms]) -> Fraction | None:
    below = sum((pair[1] for pair in pairs), Fraction(0))
    return sum((pair[0] for pair in pairs), Fraction(0)) / below if below else None


def percentage(rows: Rows, weighted: bool) -> Fraction | None:
    share = ratio([terms(row, weighted) for row in rows])
    return None if share is None else share * 100


def may_be_dropped(row: Row) -> bool:
    return not row["never_drop"] and not row["extra_credit"]


def place(row: Row) -> tuple[bool, date, int]:
    """Where a row stands among those that could be dropped: by date, then by id, no date last."""
    day = row["exam_date"] or row["graded_on"]
    return day is None, day or date.max, row["grade_id"]


def after_drops(rows: Rows, category: dict[str, Any]) -> Rows:
    """What stays of a category's rows: first the lowest go, then the highest of the rest."""
    weighted = has_item_weights(rows)
    for sign, drop in ((1, category["drop_lowest"]), (-1, category["drop_highest"])):
        candidates = sorted((row for row in rows if may_be_dropped(row)), key=place)
        limit = min(drop, len(candidates) - 1)
        if limit < 1:
            continue
        choices = sum(comb(len(candidates), size) for size in range(limit + 1))
        choose = try_every_choice if choices <= TRIED_AT_MOST else search
        gone = choose(rows, candidates, limit, sign, weighted)
        rows = [row for row in rows if row not in gone]
    return rows


def try_every_choice(rows: Rows, candidates: Rows, limit: int, sign: int, weighted: bool) -> Rows:
    """The choice of at most `limit` candidates without which `sign` × the percentage is highest.

    The candidates are in order of place, so each choice is, too.
    """
    best: Rows = []
    highest = percentage(rows, weighted)
    for size in range(1, limit + 1):
        for gone in map(list, combinations(candidates, size)):
            value = percentage([row for row in rows if row not in gone], weighted)
            if value is None:
                continue
            first = [place(row) for row in gone] < [place(row) for row in best]
            if highest is None or sign * value > sign * highest or (value == highest and first):
                best, highest = gone, value
    return best


def search(rows: Rows, candidates: Rows, limit: int, sign: int, weighted: bool) -> Rows:
    """The same choice, for more candidates than can be tried.

    A choice has a percentage where a row with something below its line stays: a row that can't
    be dropped, or a candidate that is kept. The best of each of these cases is found exactly.
    """
    fixed = [row for row in rows if row not in candidates]
    kept: list[Row | None] = [row for row in candidates if terms(row, weighted)[1]]
    if any(terms(row, weighted)[1] for row in fixed):
        kept = [None]
    found = []
    for keep in kept:
        loose = [row for row in candidates if row is not keep]
        held = fixed if keep is None else [*fixed, keep]
        gone = search_among(loose, held, limit, sign, weighted)
        value = percentage([row for row in rows if row not in gone], weighted)
        assert value is not None
        found.append((-sign * value, [place(row) for row in gone], gone))
    return min(found, key=lambda one: one[:2])[2] if found else []


def search_among(loose: Rows, held: Rows, limit: int, sign: int, weighted: bool) -> Rows:
    """Raises the value until no choice beats it (Dinkelbach), then takes the first that ties.

    Against a value, a choice is worth the sum of what each of its rows is worth.
    """
    held_terms = [terms(row, weighted) for row in held]
    own = [terms(row, weighted) for row in loose]
    stays = set(range(len(loose)))
    while True:
        value = ratio(held_terms + [own[index] for index in stays])
        assert value is not None
        worth = [sign * (value * below - above) for above, below in own]
        gains = [index for index in range(len(loose)) if worth[index] > 0]
        most = sorted(gains, key=lambda index: -worth[index])[:limit]
        better = set(range(len(loose))) - set(most)
        raised = ratio(held_terms + [own[index] for index in better])
        assert raised is not None
        if raised == value:
            break
        stays = better
    # All choices that tie now hold the same rows above the edge, and some of those at it.
    edge = worth[most[-1]] if len(most) == limit else Fraction(0)
    sure = [index for index in gains if worth[index] > edge]
    at_edge = [index for index in range(len(loose)) if worth[index] == edge]
    if edge == 0:
        # Rows worth nothing help only in front of one that goes anyway.
        at_edge = [index for index in at_edge if sure and index < sure[-1]]
    gone = sorted(sure + at_edge[: limit - len(sure)])
    return [loose[index] for index in gone]
