"""A daily register of 600 students over 20 days, entered for the whole day."""

from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from pathlib import Path

import asyncpg

from classpulse.project.verify import verify

from .conftest import rows
from .figures import shown
from .test_oulad import projecting

STATUS = {"Present": "present", "Absent": "absent"}


async def test_twelve_thousand_rows_of_a_register_count_in_every_standing(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", real_data: Path
) -> None:
    register = list(rows(real_data / "attendance" / "daily_600x20.csv"))
    assert len(register) == 12000
    schools = {
        key: id_ for id_, key in enumerate(sorted({row["school_id"] for row in register}), 1)
    }
    school_of = {row["student_id"]: schools[row["school_id"]] for row in register}
    students = {key: id_ for id_, key in enumerate(sorted(school_of), 1)}
    entries = [
        (
            students[row["student_id"]],
            date.fromisoformat(row["attendance_date"]),
            STATUS[row["attendance_status"]],
        )
        for row in register
    ]
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for student, _, status in entries:
        counts[student][status] += 1

    async with projecting(database_url):
        await connection.executemany(
            "insert into schools (id, external_id, name) values ($1, $2, 'School')",
            [(id_, key) for key, id_ in schools.items()],
        )
        await connection.execute(
            "insert into sections (id, school_id, name) select id, id, 'Everybody' from schools"
        )
        for table, columns, records in (
            (
                "students",
                "id school_id external_id first_name",
                [(id_, school_of[key], key, "Student") for key, id_ in students.items()],
            ),
            # the whole day: no section
            ("attendance", "student_id date status", entries),
            # enrolled afterwards: rows that were there before count from then on
            (
                "enrollments",
                "student_id section_id",
                [(id_, school_of[key]) for key, id_ in students.items()],
            ),
        ):
            await connection.copy_records_to_table(table, columns=columns.split(), records=records)
        await connection.execute("call performance_wait(timeout => '60 s')")
        summaries = await connection.fetch("select * from student_performance_summaries")
        sections = await connection.fetch(
            "select * from performance_cache where subject_id is null"
        )

    assert len(summaries) == len(students) == 600
    for summary in summaries:
        own = counts[summary["student_id"]]
        there, total = own["present"], own.total()
        assert (summary["attended_sessions"], summary["total_sessions"]) == (there, total)
        assert summary["attendance_percentage"] == shown(Fraction(100 * there, total))
        assert summary["chronically_absent"] == (total >= 10 and own["absent"] * 10 >= total)
        assert summary["average"] is None
    assert len(sections) == len(schools)
    for section in sections:
        pooled: Counter[str] = Counter()
        for key, student in students.items():
            if school_of[key] == section["section_id"]:
                pooled.update(counts[student])
        share = Fraction(100 * pooled["present"], pooled.total())
        assert section["attendance_average"] == shown(share)
    assert (await verify(database_url)).differences == []
