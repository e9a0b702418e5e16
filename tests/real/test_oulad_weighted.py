"""The Open University's results by the weights that its courses define, beside the plain rule."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import asyncpg
from project.gradebook_oracle import subject_by_rule

from .conftest import rows
from .figures import PASS, letter, mean, shown
from .test_oulad import projecting

COURSEWORK, EXAM = 1, 2
CATEGORIES = {
    COURSEWORK: {"weight": 50, "drop_lowest": 0, "drop_highest": 0},
    EXAM: {"weight": 50, "drop_lowest": 0, "drop_highest": 0},
}


async def test_every_average_is_the_oracles_and_many_change_sides(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", real_data: Path
) -> None:
    oulad = real_data / "oulad"

    def course_of(row: dict[str, str]) -> str:
        return f"{row['code_module']} {row['code_presentation']}"

    sections = {course_of(row): id_ for id_, row in enumerate(rows(oulad / "courses.csv"), 1)}
    items = {
        int(row["id_assessment"]): (
            sections[course_of(row)],
            EXAM if row["assessment_type"] == "Exam" else COURSEWORK,
            Decimal(row["weight"]),
        )
        for row in rows(oulad / "assessments.csv")
    }
    standings = sorted(
        {
            (int(row["id_student"]), sections[course_of(row)])
            for row in rows(oulad / "studentInfo.csv")
        }
    )
    results = [
        (int(row["id_student"]), int(row["id_assessment"]), row["score"])
        for row in rows(oulad / "studentAssessment.csv")
    ]
    async with projecting(database_url):
        await connection.execute(
            "insert into schools (id, name) values (1, 'Open University');"
            "insert into subjects (id, school_id, name) values (1, 1, 'The course');"
            "insert into grade_categories (id, school_id, name, weight)"
            " values (1, 1, 'Coursework', 50), (2, 1, 'Exam', 50)"
        )
        tables: tuple[tuple[str, str, list[Any]], ...] = (
            ("sections", "id school_id name", [(id_, 1, name) for name, id_ in sections.items()]),
            (
                "students",
                "id school_id first_name",
                [(id_, 1, f"Student {id_}") for id_ in {student for student, _ in standings}],
            ),
            ("enrollments", "student_id section_id", standings),
            (
                "exams",
                "id section_id subject_id name category_id weight",
                [(id_, item[0], 1, f"Item {id_}", *item[1:]) for id_, item in items.items()],
            ),
            (
                "grades",
                "student_id exam_id score",
                [(who, what, Decimal(score) if score else None) for who, what, score in results],
            ),
        )
        for table, columns, records in tables:
            await connection.copy_records_to_table(table, columns=columns.split(), records=records)
        await connection.execute("call performance_wait(timeout => '300 s')")
        found = {
            (row["student_id"], row["section_id"]): row
            for row in await connection.fetch("select * from student_performance_summaries")
        }

    graded: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for number, (student, exam, score) in enumerate(results):
        section, category, weight = items[exam]
        if score:
            graded[student, section].append(
                {
                    "grade_id": number,
                    "category_id": category,
                    "status": "graded",
                    "score": Decimal(score),
                    "total_marks": 100,
                    "weight": weight,
                    "item_counts": True,
                    "extra_credit": False,
                    "never_drop": False,
                    "exam_date": None,
                    "graded_on": None,
                }
            )
    changed_sides, differences = 0, []
    for standing in standings:
        mine = graded.get(standing, [])
        average = shown(subject_by_rule(mine, CATEGORIES)["average"])
        row = found[standing]
        assert row["average"] == average, standing
        assert row["letter"] == (None if average is None else letter(average)), standing
        plain = shown(mean(Fraction(one["score"]) for one in mine))
        if average is not None and plain is not None:
            differences.append(abs(average - plain))
            changed_sides += (average >= PASS) != (plain >= PASS)
    differences.sort()
    print(
        f"{len(differences)} standings with both averages: {changed_sides} change sides of the pass"
        f" mark; they differ by {differences[len(differences) // 2]} points at the median,"
        f" {differences[len(differences) * 9 // 10]} at the 90th percentile"
    )
    # the courses' own weights matter: no few of them
    assert changed_sides > len(differences) / 50
