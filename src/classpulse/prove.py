"""Calculates a proof again from its rows alone: python prove.py FILE.

A proof is the JSON of ``GET …/student/{id}/proof``. Nothing here is the server's: only the standard
library is used, so that whoever can read Python can check a figure without trusting us. All is
done in fractions; the one rounding is at the end, half up to 2 places.
"""

import json
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

Row = dict[str, Any]
#: what a row adds above and below the line of Σ part / Σ whole
Share = tuple[Fraction, Fraction]
#: far beyond any gradebook; a number beyond it would take minutes
MOST_ROWS, MOST_DIGITS = 10_000, 60


class ProofError(Exception):
    """The file is no proof; the message says why in a sentence."""


def differences(proof: Any) -> list[str]:
    """One line for each figure that is not what its rows make it; none where all agree."""
    stated = _checked(proof)
    found = calculated(stated["rows"], stated["categories"])
    result = stated["result"]
    lines: list[str] = []

    def compare(name: str, said: Any, calculated_again: Any) -> None:
        if said != calculated_again:
            lines.append(f"{name}: stated {_words(said)}, calculated {_words(calculated_again)}")

    listed = {_key(one, "category_id"): one for one in result["categories"]}
    for key, category in found["categories"].items():
        said = listed.get(key)
        if said is None:
            lines.append(f"category {key}: not stated")
            continue
        where = f"category {key}"
        compare(f"{where}, percentage", _number(said, "percentage"), half_up(category["value"]))
        compare(f"{where}, fraction", _fraction(said.get("fraction")), category["value"])
        compare(f"{where}, graded", said.get("graded"), category["graded"])
        compare(f"{where}, missing", said.get("missing"), category["missing"])
        compare(f"{where}, left out", said.get("dropped"), category["dropped"])
    for key in listed.keys() - found["categories"].keys():
        lines.append(f"category {key}: no row is in it")
    for row in stated["rows"]:
        why_not = found["why_not"][row["grade_id"]]
        where = f"grade {row['grade_id']}"
        compare(f"{where}, why it does not count", row.get("why_not"), why_not)
        compare(f"{where}, counts", row.get("counts"), why_not is None)
    for name in ("average", "average_if_missing_zero"):
        value = found[name]
        compare(f"{name} as a fraction", _fraction(result.get(f"{name}_fraction")), value)
        compare(name, _number(result, name), half_up(value))
    compare("uncounted_count", result.get("uncounted_count"), found["uncounted_count"])
    letter, passed = outcome(half_up(found["average"]), stated["override"], stated["policy"])
    compare("letter", result.get("letter"), letter)
    compare("passed", result.get("passed"), passed)
    compare("overridden", result.get("overridden"), stated["override"] is not None)
    return lines


def calculated(rows: list[Row], categories: list[Row]) -> Row:
    """Averages, categories and what is left out, from the rows alone."""
    by_id = {_key(one, "category_id"): one for one in categories}
    items = [row for row in rows if row["item_counts"]]
    graded = [row for row in items if row["status"] == "graded"]
    missing = [row for row in items if row["status"] == "missing"]
    average, shown, dropped, nowhere = _average(graded, by_id)
    zeros = [row | {"score": Fraction(0)} for row in missing]
    if_missing_zero = _average(graded + zeros, by_id)[0] if zeros else average
    why_not: dict[int, str | None] = {}
    for row in rows:
        if row["status"] != "graded":
            why_not[row["grade_id"]] = row["status"]
        elif not row["item_counts"]:
            why_not[row["grade_id"]] = "item does not count"
        elif row["grade_id"] in dropped:
            why_not[row["grade_id"]] = "dropped"
        else:
            is_nowhere = row["grade_id"] in nowhere
            why_not[row["grade_id"]] = "no weighted category" if is_nowhere else None
    return {
        "average": average,
        "average_if_missing_zero": if_missing_zero,
        "uncounted_count": len(nowhere),
        "why_not": why_not,
        "categories": {
            key: {
                "value": shown.get(key),
                "graded": sum(row["category_id"] == key for row in graded),
                "missing": sum(row["category_id"] == key for row in missing),
                "dropped": sorted(
                    row["grade_id"]
                    for row in graded
                    if row["category_id"] == key and row["grade_id"] in dropped
                ),
            }
            for key in {row["category_id"] for row in graded + missing} - {None}
        },
    }


def _average(
    rows: list[Row], categories: dict[int, Row]
) -> tuple[Fraction | None, dict[int, Fraction | None], set[int], set[int]]:
    """The average, each category's percentage, what is left out, and what counts nowhere."""
    dropped: set[int] = set()
    shown: dict[int, Fraction | None] = {}
    for key in {row["category_id"] for row in rows} - {None}:
        mine = [row for row in rows if row["category_id"] == key]
        category = categories[key]
        shares = dict(zip((row["grade_id"] for row in mine), _shares(mine), strict=True))
        gone = _left_out(mine, shares, category["drop_lowest"], as_high=True)
        rest = [row for row in mine if row["grade_id"] not in gone]
        gone |= _left_out(rest, shares, category["drop_highest"], as_high=False)
        dropped |= gone
        stays = [share for grade, share in shares.items() if grade not in gone]
        shown[key] = _percentage(stays)
    weights = {key: categories[key]["weight"] for key in shown}
    if all(weight is None for weight in weights.values()):
        everything = dict(zip((row["grade_id"] for row in rows), _shares(rows), strict=True))
        stays = [share for grade, share in everything.items() if grade not in dropped]
        return _percentage(stays), shown, dropped, set()
    nowhere = {
        row["grade_id"]
        for row in rows
        if row["grade_id"] not in dropped and not weights.get(row["category_id"])
    }
    counted = [
        (weights[key], value) for key, value in shown.items() if weights[key] and value is not None
    ]
    total = sum((weight for weight, _ in counted), Fraction(0))
    if total == 0:
        return None, shown, dropped, nowhere
    points = sum((weight * value for weight, value in counted), Fraction(0))
    return points / min(total, Fraction(100)), shown, dropped, nowhere


def _shares(rows: list[Row]) -> list[Share]:
    """Score and total; where an item has a weight, weight times percentage and weight."""
    is_weighted = any(row["weight"] is not None for row in rows)
    found = []
    for row in rows:
        score, total = row["score"], row["total_marks"]
        if is_weighted:
            weight = Fraction(1) if row["weight"] is None else row["weight"]
            part = weight * score / total if total else Fraction(0)
            whole = weight if total else Fraction(0)
        else:
            part, whole = score, total
        found.append((part, Fraction(0) if row["extra_credit"] else whole))
    return found


def _percentage(shares: list[Share]) -> Fraction | None:
    whole = sum((share[1] for share in shares), Fraction(0))
    part = sum((share[0] for share in shares), Fraction(0))
    return part / whole * 100 if whole else None


def _left_out(rows: list[Row], shares: dict[int, Share], most: int, *, as_high: bool) -> set[int]:
    """Which rows go, at most so many, so that the rest is as high (low) as it can be.

    A set of rows beats a percentage p if Σ (part - p · whole) of what stays is above 0; that sum is
    largest without the rows that lower it most. So p rises step by step until no set beats it.
    """
    sign = 1 if as_high else -1
    free = [row for row in rows if not row["never_drop"] and not row["extra_credit"]]
    free.sort(key=_order)
    most = min(most, len(free) - 1)
    if most <= 0:
        return set()
    own = [(sign * shares[row["grade_id"]][0], shares[row["grade_id"]][1]) for row in free]
    names = {row["grade_id"] for row in free}
    held = [
        (sign * shares[row["grade_id"]][0], shares[row["grade_id"]][1])
        for row in rows
        if row["grade_id"] not in names
    ]
    # something out of more than 0 must stay: where all could go, each is tried as what stays
    kept: list[int | None] = [None]
    if sum((share[1] for share in held), Fraction(0)) == 0:
        out_of = [place for place, share in enumerate(own) if share[1] > 0]
        if len(out_of) <= most:
            kept = list(out_of)
    choices = [_best(own, held, most, keep) for keep in kept]
    if not choices:
        return set()
    ratio = max(choice[0] for choice in choices)
    places = min(choice[1] for choice in choices if choice[0] == ratio)
    return {free[place]["grade_id"] for place in places}


def _best(
    own: list[Share], held: list[Share], most: int, keep: int | None
) -> tuple[Fraction, list[int]]:
    gone: list[int] = []
    while True:
        ratio = _ratio(own, held, gone)
        gains = [part - ratio * whole for part, whole in own]
        below = sorted(
            (place for place, gain in enumerate(gains) if gain < 0 and place != keep),
            key=lambda place: (gains[place], place),
        )[:most]
        if _ratio(own, held, below) <= ratio:
            break
        gone = below
    # what changes nothing goes along where it comes before one that goes
    last = max(below, default=-1)
    equal = [place for place in range(last) if gains[place] == 0 and place != keep]
    return ratio, sorted(below + equal[: most - len(below)])


def _ratio(own: list[Share], held: list[Share], gone: list[int]) -> Fraction:
    out = set(gone)
    stays = held + [share for place, share in enumerate(own) if place not in out]
    return sum((share[0] for share in stays), Fraction(0)) / sum(
        (share[1] for share in stays), Fraction(0)
    )


def _order(row: Row) -> tuple[bool, str, int]:
    """By the day of the exam, else the day of the grade, those without a day last; then by id."""
    day = row.get("exam_date") or row.get("graded_on")
    return day is None, day or "", row["grade_id"]


def outcome(
    average: Decimal | None, override: Row | None, policy: Row
) -> tuple[str | None, bool | None]:
    """Letter and pass: of what a person set instead, else of the average."""
    scale = sorted(((one["min"], one["letter"]) for one in policy["letters"]), reverse=True)
    pass_mark = policy["pass_mark"]

    def letter_of(value: Decimal | None) -> str | None:
        if value is None:
            return None
        return next((letter for least, letter in scale if least <= Fraction(value)), None)

    passed = None if average is None else Fraction(average) >= pass_mark
    if override is None:
        return letter_of(average), passed
    instead = half_up(override["average"])
    letter = override["letter"] or letter_of(instead)
    if instead is not None:
        return letter, Fraction(instead) >= pass_mark
    least = next((least for least, name in scale if name == letter), None)
    return letter, passed if least is None else least >= pass_mark


def half_up(value: Fraction | None) -> Decimal | None:
    """The one rounding: 2 places, a half upwards."""
    if value is None:
        return None
    hundredths = (200 * value.numerator + value.denominator) // (2 * value.denominator)
    return Decimal(hundredths).scaleb(-2)


def _checked(proof: Any) -> Row:
    """The proof with its numbers as fractions; anything else is a :class:`ProofError`."""
    if not isinstance(proof, dict):
        raise ProofError("a proof is a JSON object")
    for name, kind in (("rows", list), ("categories", list), ("policy", dict), ("result", dict)):
        if not isinstance(proof.get(name), kind):
            raise ProofError(f"a proof has {name}")
    if len(proof["rows"]) > MOST_ROWS:
        raise ProofError(f"a proof has at most {MOST_ROWS:,} rows")
    categories = [
        {
            "category_id": _key(one, "category_id"),
            "weight": _amount(one, "weight"),
            "drop_lowest": _count(one, "drop_lowest"),
            "drop_highest": _count(one, "drop_highest"),
        }
        for one in map(_object, proof["categories"])
    ]
    known = {_key(one, "category_id") for one in map(_object, proof["categories"])}
    rows = [_row(_object(row), known) for row in proof["rows"]]
    if len({row["grade_id"] for row in rows}) < len(rows):
        raise ProofError("a grade is there twice")
    policy = proof["policy"]
    letters = policy.get("letters")
    if not isinstance(letters, list):
        raise ProofError("the policy has letters")
    override = proof.get("override")
    result = proof["result"]
    if not isinstance(result.get("categories"), list):
        raise ProofError("the result has categories")
    return {
        "categories": categories,
        "rows": rows,
        "policy": {
            "pass_mark": _given(policy, "pass_mark"),
            "letters": [
                {"letter": str(one.get("letter")), "min": _given(one, "min")}
                for one in map(_object, letters)
            ],
        },
        "override": None
        if override is None
        else {
            "average": _amount(_object(override), "average"),
            "letter": override.get("letter"),
        },
        "result": result | {"categories": [_object(one) for one in result["categories"]]},
    }


def _row(row: Row, known: set[int]) -> Row:
    status = row.get("status")
    if status not in ("graded", "missing", "excused", "pending"):
        raise ProofError(f"a row has the status {_words(status)}")
    category = None if row.get("category_id") is None else _key(row, "category_id")
    score = _amount(row, "score")
    if status == "graded" and score is None:
        raise ProofError("a graded row has no score")
    # those of rows that count alone are listed
    if category is not None and category not in known and status in ("graded", "missing"):
        if row.get("item_counts") is True:
            raise ProofError(f"category {category} of a row is not listed")
        category = None
    for name in ("item_counts", "extra_credit", "never_drop"):
        if not isinstance(row.get(name), bool):
            raise ProofError(f"{name} of a row is true or false")
    return row | {
        "grade_id": _key(row, "grade_id"),
        "category_id": category,
        "score": score or Fraction(0),
        "total_marks": _given(row, "total_marks"),
        "weight": _amount(row, "weight"),
    }


def _object(value: Any) -> Row:
    if not isinstance(value, dict):
        raise ProofError(f"{_words(value)} is no object")
    return value


def _key(row: Row, name: str) -> int:
    value = row.get(name)
    if type(value) is not int:
        raise ProofError(f"{name} is {_words(value)}, not a whole number")
    return value


def _count(row: Row, name: str) -> int:
    value = _key(row, name)
    if value < 0:
        raise ProofError(f"{name} is below 0")
    return min(value, MOST_ROWS)


def _given(row: Row, name: str) -> Fraction:
    value = _amount(row, name)
    if value is None:
        raise ProofError(f"{name} is missing")
    return value


def _amount(row: Row, name: str) -> Fraction | None:
    value = _number(row, name)
    if value is not None and value < 0:
        raise ProofError(f"{name} is below 0")
    return None if value is None else Fraction(value)


def _number(row: Row, name: str) -> Decimal | None:
    value = row.get(name)
    if value is None:
        return None
    if type(value) not in (int, Decimal) or not Decimal(value).is_finite():
        raise ProofError(f"{name} is {_words(value)}, not a number")
    number = Decimal(value)
    if abs(number.adjusted()) > MOST_DIGITS or len(number.as_tuple().digits) > MOST_DIGITS * 20:
        raise ProofError(f"{name} has more digits than any mark")
    return number


def _fraction(text: Any) -> Fraction | None:
    if text is None:
        return None
    try:
        numerator, _, denominator = str(text).partition("/")
        if max(len(numerator), len(denominator)) > 4_000:
            raise ValueError
        return Fraction(int(numerator), int(denominator or 1))
    except (ValueError, ZeroDivisionError):
        raise ProofError(f"{_words(text)} is no fraction") from None


def _words(value: Any) -> str:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def read(text: str) -> Any:
    """A proof from its text, numbers exact; :class:`ProofError` where it is no JSON."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise ProofError(f"it is no JSON: {_words(error)}") from None


def account(proof: Row) -> str:
    """What the average is made of, in lines to read."""
    result = proof["result"]
    lines = [f"{len(proof['rows'])} rows, {len(proof['categories'])} categories"]
    for one in result["categories"]:
        gone = f", without {len(one['dropped'])} left out" if one.get("dropped") else ""
        lines.append(f"category {one['category_id']}: {one.get('percentage')} %{gone}")
    lines.append(f"average: {result.get('average')} % = {result.get('average_fraction')}")
    lines.append(f"letter: {result.get('letter')}")
    return "\n".join(lines)


def main(path: str) -> int:
    """Check a file; 0 where all agrees, 1 where a figure differs, 2 where it is no proof."""
    try:
        proof = read(Path(path).read_text("utf-8"))
        found = differences(proof)
    except (ProofError, OSError, UnicodeDecodeError) as error:
        print(f"{path}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print("\n".join([account(proof), *found, "differs" if found else "agrees"]))  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
