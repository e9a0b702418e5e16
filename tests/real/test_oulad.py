"""The Open University's results, loaded in bulk; the figures calculated a second time."""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import asyncpg

from classpulse.project.leader import Leader

from .conftest import rows
from .figures import PASS, Group, letter, mean, shown

Key = tuple[int, int]


@contextlib.asynccontextmanager
async def projecting(url: str) -> AsyncIterator[None]:
    running = asyncio.create_task(Leader(url, retention=timedelta(days=7)).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_bulk_load_has_the_figures_of_an_independent_computation(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", real_data: Path
) -> None:
    oulad = real_data / "oulad"
    course_of = lambda row: f"{row['code_module']} {row['code_presentation']}"  # noqa: E731
    sections = {course_of(row): id_ for id_, row in enumerate(rows(oulad / "courses.csv"), 1)}
    assessments = list(rows(oulad / "assessments.csv"))
    kinds = sorted({row["assessment_type"] for row in assessments})
    subjects = {kind: id_ for id_, kind in enumerate(kinds, 1)}
    exams = {
        int(row["id_assessment"]): (sections[course_of(row)], subjects[row["assessment_type"]])
        for row in assessments
    }
    standings = {
        (int(row["id_student"]), sections[course_of(row)])
        for row in rows(oulad / "studentInfo.csv")
    }
    results = [
        (int(row["id_student"]), int(row["id_assessment"]), row["score"])
        for row in rows(oulad / "studentAssessment.csv")
    ]
    assert (len(standings), len(results)) == (12489, 36184)

    async with projecting(database_url):
        await connection.execute("insert into schools (id, name) values (1, 'Open University')")
        for table, columns, records in (
            ("sections", "id school_id name", [(id_, 1, name) for name, id_ in sections.items()]),
            ("subjects", "id school_id name", [(id_, 1, name) for name, id_ in subjects.items()]),
            (
                "students",
                "id school_id first_name",
                [(id_, 1, f"Student {id_}") for id_ in {student for student, _ in standings}],
            ),
            ("enrollments", "student_id section_id", sorted(standings)),
            (
                "exams",
                "id section_id subject_id name",
                [(id_, *place, f"Assessment {id_}") for id_, place in exams.items()],
            ),
            (
                "grades",
                "student_id exam_id score",
                [(who, what, Decimal(score) if score else None) for who, what, score in results],
            ),
        ):
            await connection.copy_records_to_table(table, columns=columns.split(), records=records)
        await connection.execute("call performance_wait(timeout => '60 s')")
        summaries = {
            (row["student_id"], row["section_id"]): row
            for row in await connection.fetch("select * from student_performance_summaries")
        }
        cached = {
            (row["section_id"], row["subject_id"]): row
            for row in await connection.fetch("select * from performance_cache")
        }

    marks: dict[Key, dict[int, list[Fraction]]] = defaultdict(lambda: defaultdict(list))
    for student, exam, score in results:
        if score:
            section, subject = exams[exam]
            marks[student, section][subject].append(Fraction(score))
    by_subject = {
        standing: {subject: mean(scores) for subject, scores in taken.items()}
        for standing, taken in marks.items()
    }
    averages = {standing: mean(of.values()) for standing, of in by_subject.items()}
    assert set(summaries) == standings
    for standing, row in summaries.items():
        average = shown(averages.get(standing))
        expected: dict[str, Any] = {
            "average": average,
            "letter": None if average is None else letter(average),
            "passed": None if average is None else average >= PASS,
            "graded_count": sum(map(len, marks[standing].values())),
        }
        assert {name: row[name] for name in expected} == expected, standing
    for section in sections.values():
        own = [standing for standing in standings if standing[1] == section]
        told = [averages[standing] for standing in own if standing in averages]
        _agree(cached[section, None], Group(len(own), told))
        for subject in subjects.values():
            scores = [by_subject[s][subject] for s in own if subject in by_subject.get(s, {})]
            if scores:
                row = cached[section, subject]
                _agree(row, Group(row["total_students"], scores))


def _agree(row: "asyncpg.Record", group: Group) -> None:
    found = dict(row) | {"grade_distribution": json.loads(row["grade_distribution"])}
    expected = group.figures()
    assert {name: found[name] for name in expected} == expected
