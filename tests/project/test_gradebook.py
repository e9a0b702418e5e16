"""Figures of gradebooks as the database calculates them, beside the oracle and what was worked out
by hand."""

import json
import random
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import asyncpg

from project.gradebook_cases import CASES, Case
from project.gradebook_oracle import subject_by_rule
from project.oracle import half_up

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name) values (1, 1, 'Ada');
insert into enrollments (student_id, section_id) values (1, 1);
"""


def number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


async def write(
    connection: "asyncpg.Connection[asyncpg.Record]",
    categories: dict[int, dict[str, Any]],
    rows: list[dict[str, Any]],
) -> None:
    """A gradebook of one student, in the section and subject 1."""
    for key, category in categories.items():
        await connection.execute(
            "insert into grade_categories"
            " (id, school_id, name, weight, drop_lowest, drop_highest)"
            " values ($1, 1, $2, $3, $4, $5)",
            key,
            f"Category {key}",
            number(category["weight"]),
            category["drop_lowest"],
            category["drop_highest"],
        )
    for row in rows:
        exam = row["grade_id"] if row["exam"] else None
        if exam is not None:
            await connection.execute(
                "insert into exams (id, section_id, subject_id, name, total_marks, exam_date,"
                " category_id, weight, counts, extra_credit, never_drop)"
                " values ($1, 1, 1, $2, $3, $4, $5, $6, $7, $8, $9)",
                exam,
                f"Item {exam}",
                number(row["total_marks"]),
                row["exam_date"],
                row["category_id"],
                number(row["weight"]),
                row["item_counts"],
                row["extra_credit"],
                row["never_drop"],
            )
        await connection.execute(
            "insert into grades (id, student_id, section_id, subject_id, exam_id, score,"
            " total_marks, status, graded_on, category_id)"
            " values ($1, 1, 1, 1, $2, $3, $4, $5, $6, $7)",
            row["grade_id"],
            exam,
            number(row["score"]),
            number(row["total_marks"]),
            row["status"],
            row["graded_on"],
            None if exam else row["category_id"],
        )


async def calculated(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, Any]:
    row = await connection.fetchrow("select * from classpulse.subject_by_rule(1, 1, 1)")
    assert row is not None
    listed = json.loads(row["categories"], parse_float=Decimal)
    return {
        **row,
        "categories": {one["category_id"]: one for one in listed},
        "dropped": {grade for one in listed for grade in one["dropped"]},
        "average": fraction(row["numerator"], row["denominator"]),
        "if_missing_zero": fraction(
            row["numerator_if_missing_zero"], row["denominator_if_missing_zero"]
        ),
    }


def fraction(numerator: Decimal | None, denominator: Decimal | None) -> Fraction | None:
    if numerator is None or denominator is None:
        return None
    return Fraction(int(numerator), int(denominator))


async def differences(
    connection: "asyncpg.Connection[asyncpg.Record]",
    categories: dict[int, dict[str, Any]],
    rows: list[dict[str, Any]],
) -> list[str]:
    """What the database says otherwise than the oracle."""
    expected = subject_by_rule(rows, categories)
    found = await calculated(connection)
    lines = [
        f"{name}: {found[name]}, expected {expected[name]}"
        for name in (
            *("average", "if_missing_zero", "graded_count", "missing_count", "uncounted_count"),
            "dropped",
        )
        if found[name] != expected[name]
    ]
    for key, of_category in expected["categories"].items():
        stored = found["categories"].get(key)
        if stored is None:
            if of_category["graded"] or of_category["missing"]:
                lines.append(f"category {key} is not listed")
            continue
        shown = half_up(of_category["percentage"])
        if stored["percentage"] != shown or stored["dropped"] != of_category["dropped"]:
            lines.append(f"category {key}: {stored}, expected {of_category}")
        if (stored["graded"], stored["missing"]) != (of_category["graded"], of_category["missing"]):
            lines.append(f"category {key}: counts {stored}, expected {of_category}")
    stored_categories = await connection.fetchval(
        "select categories from classpulse.subject_by_rule(1, 1, 1)"
    )
    for row in rows:
        said = await connection.fetchval(
            "select classpulse.why_not($1, $2, $3, $4, $5::text::jsonb)",
            row["grade_id"],
            row["status"],
            row["item_counts"],
            row["category_id"],
            stored_categories,
        )
        why_not = expected["why_not"][row["grade_id"]]
        if said != why_not:
            lines.append(f"grade {row['grade_id']}: {said}, expected {why_not}")
    return lines


def worked_by_hand(case: Case, found: dict[str, Any]) -> list[str]:
    """What is otherwise than the literals of the case."""
    pairs = [
        (found["dropped"], case.dropped),
        (found["uncounted_count"], case.uncounted),
    ]
    for name, said in (("average", case.average), ("if_missing_zero", case.if_missing_zero)):
        if isinstance(said, str):
            pairs.append((half_up(found[name]), Decimal(said)))
        else:
            pairs.append((found[name], said))
    return [f"{value}, expected {said}" for value, said in pairs if value != said]


async def test_gradebooks_worked_by_hand(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute(SCHOOL)
    failed: dict[str, list[str]] = {}
    for case in CASES:
        undone = connection.transaction()
        await undone.start()
        await write(connection, case.categories, case.rows)
        lines = worked_by_hand(case, await calculated(connection))
        lines += await differences(connection, case.categories, case.rows)
        if lines:
            failed[case.name] = lines
        await undone.rollback()
    assert len(CASES) > 30
    assert failed == {}


def any_gradebook(chance: random.Random) -> tuple[dict[int, dict[str, Any]], list[dict[str, Any]]]:
    """Few categories, many ties, every kind of row."""
    categories = {
        key: {
            "weight": chance.choice([None, 0, 20, Decimal("33.3"), 60, 120]),
            "drop_lowest": chance.choice([0, 0, 1, 2, 5]),
            "drop_highest": chance.choice([0, 0, 0, 1, 2]),
        }
        for key in range(1, chance.randint(1, 3) + 1)
    }
    has_item_weights = chance.random() < 0.4
    rows = []
    for number in range(1, chance.randint(1, 9) + 1):
        status = chance.choice(["graded"] * 6 + ["missing", "missing", "excused", "pending"])
        has_exam = chance.random() < 0.8
        rows.append(
            {
                "grade_id": number,
                "exam": has_exam,
                "category_id": chance.choice([None, *categories, *categories]),
                "status": status,
                "score": Decimal(chance.choice(["0", "3", "5", "7.5", "8", "10", "12"]))
                if status == "graded"
                else None,
                "total_marks": Decimal(chance.choice(["0", "5", "10", "10", "12.5", "20", "30"])),
                "weight": chance.choice([None, 0, 1, Decimal("2.5")])
                if has_exam and has_item_weights
                else None,
                "item_counts": not has_exam or chance.random() < 0.9,
                "extra_credit": has_exam and chance.random() < 0.15,
                "never_drop": has_exam and chance.random() < 0.15,
                "exam_date": date(2026, 10, chance.randint(1, 3))
                if has_exam and chance.random() < 0.6
                else None,
                "graded_on": date(2026, 10, chance.randint(1, 3))
                if chance.random() < 0.5
                else None,
            }
        )
    return categories, rows


async def test_any_gradebook_is_as_the_oracle_says(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await connection.execute(SCHOOL)
    for seed in range(300):
        categories, rows = any_gradebook(random.Random(seed))
        undone = connection.transaction()
        await undone.start()
        await write(connection, categories, rows)
        assert await differences(connection, categories, rows) == [], f"seed {seed}"
        await undone.rollback()
