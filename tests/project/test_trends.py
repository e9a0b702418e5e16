"""Figures as they were at each date, against the rows dated up to then."""

import asyncio
import os
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classpulse.project.verify import verify
from project.batches import SCHOOL, Log
from project.oracle import base_rows
from project.test_every_figure import (
    DATED,
    DATES,
    EXAM_DATES,
    GRADEBOOK,
    exam,
    period,
    run,
    score,
    section,
    student,
    subject,
)
from project.trend_oracle import trend_differences

EXAMPLES = int(os.environ.get("CLASSPULSE_TEST_EXAMPLES", "40"))

GRADED = (
    "insert into grades (student_id, section_id, subject_id, score, total_marks, graded_on)"
    # where they are enrolled at first
    " values ($1, 1 + $1::bigint % 2, $2, $3, $4, $5)",
    (student, subject, st.integers(0, 100), st.sampled_from([50, 100]), DATES),
)
STATEMENTS: list[tuple[str, tuple[Any, ...]]] = [
    GRADED,
    GRADED,
    (
        "insert into grades (student_id, exam_id, score) values ($1, $2, $3)"
        " on conflict (student_id, exam_id) do update set score = excluded.score",
        (student, exam, score),
    ),
    # of many at once, so that nearly each of these moves something
    ("update grades set graded_on = $2 where subject_id = $1", (subject, DATES)),
    ("update grades set graded_on = $2 where section_id = $1", (section, DATES)),
    ("update attendance set date = date + 1 where period = $1", (period,)),
    ("update exams set exam_date = $1", (EXAM_DATES,)),
    (
        "update grades set exam_id = $2 where section_id = 1 + $2 % 2 and student_id = $1"
        " and subject_id = 1 + $2 / 3",
        (student, exam),
    ),
    ("update exams set exam_date = $2 where id = $1", (exam, EXAM_DATES)),
    ("update enrollments set section_id = $2 where student_id = $1", (student, section)),
    ("update students set is_active = not is_active where id = $1", (student,)),
    *DATED,
    *GRADEBOOK,
]
statement = st.sampled_from(STATEMENTS).flatmap(
    lambda entry: st.tuples(st.just(0), st.tuples(st.just(entry[0]), st.tuples(*entry[1])))
)
graded = st.tuples(st.just(0), st.tuples(st.just(GRADED[0]), st.tuples(*GRADED[1])))
EXAMS = [
    (
        0,
        (
            "insert into exams (id, section_id, subject_id, name, exam_date)"
            " values ($1, $2, $3, 'Quiz', '2026-01-05')",
            (number, 1 + number % 2, 1 + number // 3),
        ),
    )
    for number in range(1, 5)
]


@given(
    before=st.lists(graded, min_size=6, max_size=12),
    each=st.lists(statement, min_size=1, max_size=8),
)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.reliability("every trend against brute force")
def test_a_figure_at_a_date_is_that_of_the_rows_up_to_it(
    database_url: str, before: list[Any], each: list[Any]
) -> None:
    folded = [step for one in each for step in (one, (0, "project"))]
    asyncio.run(run(database_url, [*EXAMS, *before, (0, "project"), *folded]))


@pytest.fixture
async def school(connection: Any) -> Log:
    await connection.execute(SCHOOL)
    log = Log(connection)
    await log.fold()
    return log


async def series(
    connection: Any, student_id: int = 1, section_id: int = 1
) -> list[tuple[Any, ...]]:
    rows = await connection.fetch(
        "select date, classpulse.rounded(exact_average) as average, passed, n"
        " from classpulse.standing_trend where student_id = $1 and section_id = $2 order by date",
        student_id,
        section_id,
    )
    return [tuple(row) for row in rows]


async def test_a_late_correction_corrects_the_past(connection: Any, school: Log) -> None:
    await connection.execute(
        "insert into grades (id, student_id, section_id, subject_id, score, graded_on) values"
        " (1, 1, 1, 1, 40, '2026-01-05'), (2, 1, 1, 1, 80, '2026-01-12'),"
        " (3, 1, 1, 2, 90, '2026-01-19')"
    )
    await school.fold()
    assert await series(connection) == [
        (date(2026, 1, 5), Decimal("40.00"), False, 1),
        (date(2026, 1, 12), Decimal("60.00"), True, 2),
        (date(2026, 1, 19), Decimal("75.00"), True, 3),
    ]
    await connection.execute("update grades set score = 60 where id = 1")
    await school.fold()
    assert await series(connection) == [
        (date(2026, 1, 5), Decimal("60.00"), True, 1),
        (date(2026, 1, 12), Decimal("70.00"), True, 2),
        (date(2026, 1, 19), Decimal("80.00"), True, 3),
    ]


async def test_a_dropped_grade_is_dropped_as_of_then(connection: Any, school: Log) -> None:
    await connection.execute(
        "insert into grade_categories (id, school_id, name, drop_lowest) values (1, 1, 'Quiz', 1);"
        "insert into grades (student_id, section_id, subject_id, category_id, score, graded_on)"
        " values (1, 1, 1, 1, 50, '2026-01-05'), (1, 1, 1, 1, 70, '2026-01-12'),"
        " (1, 1, 1, 1, 30, '2026-01-19')"
    )
    await school.fold()
    assert [row[1] for row in await series(connection)] == [50, 70, 60]
    # a grade of the past, written now
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, category_id, score, graded_on)"
        " values (1, 1, 1, 1, 90, '2026-01-06')"
    )
    await school.fold()
    assert [row[1] for row in await series(connection)] == [50, 90, 80, 70]


async def test_an_override_decides_at_every_date(connection: Any, school: Log) -> None:
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, graded_on)"
        " values (1, 1, 1, 40, '2026-01-05');"
        "insert into grade_overrides (student_id, section_id, letter) values (1, 1, 'A')"
    )
    await school.fold()
    assert [row[1:] for row in await series(connection)] == [(None, True, 0), (40, True, 1)]


async def test_who_leaves_takes_their_part_along(connection: Any, school: Log) -> None:
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, graded_on)"
        " values (1, 1, 1, 40, '2026-01-05'), (2, 1, 1, 80, '2026-01-05');"
        "insert into attendance (student_id, section_id, date, status)"
        " values (1, 1, '2026-01-06', 'absent'), (2, null, '2026-01-06', 'present')"
    )
    await school.fold()
    await connection.execute("delete from enrollments where student_id = 1 and section_id = 1")
    await school.fold()
    rows = await connection.fetch(
        "select date, average_sum, averages, passed, failed, present, absent"
        " from classpulse.section_trend where section_id = 1 and subject_id is null order by date"
    )
    assert [tuple(row) for row in rows] == [
        (date(2026, 1, 5), 80, 1, 1, 0, 0, 0),
        (date(2026, 1, 6), 0, 0, 0, 0, 1, 0),
    ]
    assert await series(connection) == []


async def test_a_day_is_the_schools(connection: Any, school: Log) -> None:
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, created_at)"
        " values (1, 1, 1, 40, '2026-01-05 23:30+00')"
    )
    await school.fold()
    assert [row[0] for row in await series(connection)] == [date(2026, 1, 5)]
    await connection.execute("update schools set time_zone = 'Europe/Berlin'")
    await school.fold()
    assert [row[0] for row in await series(connection)] == [date(2026, 1, 6)]


async def test_what_was_there_before_is_derived_in_steps(connection: Any, school: Log) -> None:
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, graded_on)"
        " select n, 1, 1, 40 + n, '2026-01-05' from generate_series(1, 10) as n"
    )
    await school.fold()
    await connection.execute(
        "truncate classpulse.subject_trend, classpulse.standing_trend, classpulse.section_trend,"
        " classpulse.standing_sessions;"
        "insert into classpulse.stale_trends (section_id, student_id)"
        " select section_id, student_id from student_performance_summaries"
    )
    await school.fold()
    assert await connection.fetchval("select count(*) from classpulse.stale_trends") == 0
    assert await trend_differences(connection, await base_rows(connection)) == []
    assert [row[1] for row in await series(connection, 10)] == [50]


async def test_a_standing_that_cannot_be_derived_keeps_no_other_waiting(
    connection: Any, school: Log
) -> None:
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, graded_on)"
        " values (1, 1, 1, 40, '2026-01-05'), (2, 1, 1, 80, '2026-01-05')"
    )
    await school.fold()
    await connection.execute(
        "truncate classpulse.standing_trend, classpulse.subject_trend, classpulse.section_trend;"
        "alter table classpulse.subject_trend add constraint poison check (student_id <> 1);"
        "insert into classpulse.stale_trends (section_id, student_id) values (1, 1), (1, 2)"
    )
    await school.fold()
    rows = await connection.fetch("select student_id, problem from classpulse.stale_trends")
    assert [row["student_id"] for row in rows] == [1]
    assert "poison" in rows[0]["problem"]
    assert [row[1] for row in await series(connection, 2)] == [80]


async def test_verify_finds_and_repairs_a_trend(
    connection: Any, school: Log, database_url: str
) -> None:
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, graded_on)"
        " values (1, 1, 1, 40, '2026-01-05'), (2, 1, 1, 80, '2026-01-05');"
        "insert into attendance (student_id, section_id, date, status)"
        " values (1, 1, '2026-01-06', 'absent')"
    )
    await school.fold()
    assert (await verify(database_url)).differences == []
    await connection.execute(
        "update classpulse.standing_trend set exact_average = 41 where student_id = 1;"
        "update classpulse.section_trend set absent = 0 where section_id = 1"
    )
    found = await verify(database_url, repair=True)
    assert len(found.figures) == 2, found.figures
    assert "section 1, student 1: its trend is another" in " ".join(found.figures)
    assert (await verify(database_url)).differences == []
    assert await trend_differences(connection, await base_rows(connection)) == []


async def test_a_moved_date_moves_the_point(connection: Any, school: Log) -> None:
    await connection.execute(
        "insert into exams (id, section_id, subject_id, name, exam_date)"
        " values (7, 1, 2, 'Essay', '2026-01-12');"
        "insert into grades (student_id, section_id, subject_id, exam_id, score, graded_on)"
        " values (1, 1, 1, null, 40, '2026-01-05'), (1, 1, 2, 7, 80, null);"
        "insert into attendance (student_id, section_id, date, status)"
        " values (1, 1, '2026-01-06', 'absent')"
    )
    await school.fold()
    await connection.execute(
        "update grades set graded_on = '2026-01-20' where subject_id = 1;"
        "update exams set exam_date = '2026-01-22' where id = 7;"
        "update attendance set date = '2026-01-07'"
    )
    await school.fold()
    assert [row[0].day for row in await series(connection)] == [20, 22]
    dates = "select dates from classpulse.standing_sessions where student_id = 1"
    assert await connection.fetchval(dates) == [date(2026, 1, 7)]
