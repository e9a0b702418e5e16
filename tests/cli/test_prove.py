"""A proof is calculated again from its rows alone."""

import json
import random
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from project.gradebook_cases import CASES, Case
from project.gradebook_oracle import subject_by_rule

from classpulse import prove
from classpulse.cli import run

SCALE = {"A+": 95, "A": 90, "B": 80, "C": 70, "D": 60, "F": 0}


def proof_of(case: Case) -> dict[str, Any]:
    """The case as the server would state it, its figures those of the oracle."""
    by_rule = subject_by_rule(case.rows, case.categories)
    shown = {
        key: one for key, one in by_rule["categories"].items() if one["graded"] or one["missing"]
    }
    average = prove.half_up(by_rule["average"])

    def fraction(value: Any) -> str | None:
        return None if value is None else f"{value.numerator}/{value.denominator}"

    def shape(value: Any) -> Any:
        return None if value is None else Decimal(value)

    return {
        "policy": {
            "pass_mark": 60,
            "letters": [{"letter": name, "min": least} for name, least in SCALE.items()],
        },
        "override": None,
        "categories": [
            {
                "category_id": key,
                "name": f"Category {key}",
                "weight": shape(case.categories[key]["weight"]),
                "drop_lowest": case.categories[key]["drop_lowest"],
                "drop_highest": case.categories[key]["drop_highest"],
            }
            for key in shown
        ],
        "rows": [
            {
                **{name: value for name, value in row.items() if name != "exam"},
                "score": shape(row["score"]),
                "total_marks": shape(row["total_marks"]),
                "weight": shape(row["weight"]),
                "exam_date": row["exam_date"] and row["exam_date"].isoformat(),
                "graded_on": row["graded_on"] and row["graded_on"].isoformat(),
                "counts": by_rule["why_not"][row["grade_id"]] is None,
                "why_not": by_rule["why_not"][row["grade_id"]],
            }
            for row in case.rows
        ],
        "result": {
            "categories": [
                {
                    "category_id": key,
                    "fraction": fraction(one["percentage"]),
                    "percentage": prove.half_up(one["percentage"]),
                    "graded": one["graded"],
                    "missing": one["missing"],
                    "dropped": one["dropped"],
                }
                for key, one in shown.items()
            ],
            "average_fraction": fraction(by_rule["average"]),
            "average": average,
            "average_if_missing_zero_fraction": fraction(by_rule["if_missing_zero"]),
            "average_if_missing_zero": prove.half_up(by_rule["if_missing_zero"]),
            "letter": next(
                (n for n, low in SCALE.items() if average is not None and average >= low), None
            ),
            "passed": None if average is None else average >= 60,
            "overridden": False,
            "uncounted_count": by_rule["uncounted_count"],
        },
    }


def written(proof: Any) -> str:
    return json.dumps(proof, default=lambda number: float(number))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_was_worked_by_hand_is_proved(case: Case) -> None:
    assert prove.differences(proof_of(case)) == []


def test_any_figure_that_was_changed_is_found() -> None:
    case = next(
        case
        for case in CASES
        if case.dropped and any(c["weight"] for c in case.categories.values())
    )
    proof = proof_of(case)
    for name in ("average", "average_if_missing_zero"):
        falsified = proof | {"result": proof["result"] | {name: Decimal("12.34")}}
        assert [name in line for line in prove.differences(falsified)] == [True]
    for name, value in (
        ("average_fraction", "1/3"),
        ("letter", "Z"),
        ("passed", None),
        ("overridden", True),
        ("uncounted_count", 99),
    ):
        falsified = proof | {"result": proof["result"] | {name: value}}
        assert len(prove.differences(falsified)) == 1, name
    for name, value in (
        ("percentage", Decimal(1)),
        ("fraction", None),
        ("graded", 99),
        ("missing", 99),
        ("dropped", []),
    ):
        # of the one of which something is left out
        of_category = [
            one | {name: value} if one["dropped"] else one for one in proof["result"]["categories"]
        ]
        falsified = proof | {"result": proof["result"] | {"categories": of_category}}
        assert len(prove.differences(falsified)) == 1, name
    rows = [row | {"why_not": "excused"} for row in proof["rows"][:1]] + proof["rows"][1:]
    assert len(prove.differences(proof | {"rows": rows})) == 1


@pytest.mark.parametrize(
    ("override", "letter", "passed"),
    [
        ({"average": prove.Fraction("79.995"), "letter": None}, "B", True),
        ({"average": prove.Fraction(10), "letter": "A"}, "A", False),
        ({"average": None, "letter": "A"}, "A", True),
        ({"average": None, "letter": "F"}, "F", False),
        # not on the scale: as it was calculated
        ({"average": None, "letter": "I"}, "I", True),
    ],
)
def test_an_override_decides_letter_and_pass(
    override: dict[str, Any], letter: str, passed: bool
) -> None:
    policy = {
        "pass_mark": 60,
        "letters": [{"letter": name, "min": least} for name, least in SCALE.items()],
    }
    assert prove.outcome(Decimal(76), override, policy) == (letter, passed)


def test_what_is_left_out_is_what_trying_all_finds() -> None:
    for seed in range(400):
        chance = random.Random(seed)
        rows = [
            {
                "grade_id": number,
                "score": prove.Fraction(chance.choice([0, 2, 5, 5, 8, 10])),
                "total_marks": prove.Fraction(chance.choice([0, 5, 10, 10, 20])),
                "weight": None,
                "extra_credit": False,
                "never_drop": chance.random() < 0.2,
                "exam_date": chance.choice([None, "2026-10-01", "2026-10-02"]),
            }
            for number in range(chance.randint(1, 7))
        ]
        shares = {row["grade_id"]: (row["score"], row["total_marks"]) for row in rows}
        most, as_high = chance.randint(0, 4), chance.random() < 0.5
        free = sorted((row for row in rows if not row["never_drop"]), key=prove._order)
        choices = []
        for size in range(min(most, len(free) - 1) + 1):
            for gone in combinations(range(len(free)), size):
                out = {free[place]["grade_id"] for place in gone}
                value = prove._percentage([s for key, s in shares.items() if key not in out])
                if value is not None:
                    choices.append((-value if as_high else value, list(gone), out))
        expected = min(choices, key=lambda choice: choice[:2])[2] if choices else set()
        assert prove._left_out(rows, shares, most, as_high=as_high) == expected, seed


def test_the_command_says_what_differs(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    proof = proof_of(CASES[0])
    file = tmp_path / "proof.json"
    file.write_text(written(proof))
    assert run(["prove", str(file)]) == 0
    assert "every figure is what its rows make it" in capsys.readouterr().out
    proof["result"]["average"] = 1
    file.write_text(written(proof))
    assert run(["prove", str(file)]) == 1
    assert "differs: average: stated 1, calculated 76.67" in capsys.readouterr().out
    # alone, as a parent runs it
    assert prove.main(str(file)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("[]", "object"),
        ("{}", "rows"),
        ("[" * 100_000, "no JSON"),
        ('{"rows": [{"grade_id": 1}], "categories": [], "policy": {}, "result": {}}', "status"),
    ],
)
def test_what_is_no_proof_is_said(
    tmp_path: Any, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    file = tmp_path / "proof.json"
    file.write_text(text)
    assert run(["prove", str(file)]) == 2
    assert words in capsys.readouterr().err
    assert run(["prove", str(tmp_path / "nowhere.json")]) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("score", "8"),
        ("score", Decimal("NaN")),
        ("score", Decimal("1e999999")),
        ("score", -1),
        ("total_marks", None),
        ("status", "great"),
        ("grade_id", True),
        ("item_counts", 1),
        ("category_id", 77),
    ],
)
def test_hostile_rows_are_refused(name: str, value: Any) -> None:
    proof = proof_of(CASES[0])
    proof["rows"][0] = proof["rows"][0] | {name: value}
    with pytest.raises(prove.ProofError):
        prove.differences(proof)


def test_thousands_of_candidates_take_no_age() -> None:
    rows = [
        {
            "grade_id": number,
            "category_id": 1,
            "status": "graded",
            "score": number % 97,
            "total_marks": 100 + number % 13,
            "weight": None,
            "item_counts": True,
            "extra_credit": False,
            "never_drop": False,
            "exam_date": None,
            "graded_on": None,
            "counts": True,
            "why_not": None,
        }
        for number in range(5_000)
    ]
    proof = proof_of(CASES[0]) | {
        "rows": rows,
        "categories": [{"category_id": 1, "weight": 20, "drop_lowest": 2_000, "drop_highest": 500}],
    }
    assert prove.differences(proof)
