"""What is derived, moved and refused holds for every writer, also where triggers are switched
off for a restore or a sink; and a dump comes back as it was."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from conftest import Cluster

from classpulse.database.install.migrate import migrate
from classpulse.project.verify import verify

Connection = Any

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths'), (2, 1, 'A', 'Art');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 5) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 5) as n;
insert into exams (id, section_id, subject_id, name) values (1, 1, 1, 'Mid-term');
insert into grades (id, student_id, exam_id, score) values (501, 1, 1, 50);
"""
REPLICA = "set session_replication_role = replica"


@pytest.fixture(params=["origin", "replica"])
async def writer(request: Any, connection: Connection) -> Connection:
    await connection.execute(SCHOOL)
    await connection.execute(f"set session_replication_role = {request.param}")
    return connection


@pytest.mark.reliability("triggers switched off for a restore or a sink")
async def test_what_was_left_out_is_derived(writer: Connection) -> None:
    await writer.execute("insert into grades (student_id, exam_id, score) values (2, 1, 40)")
    row = await writer.fetchrow("select * from grades where student_id = 2")
    assert (row["section_id"], row["subject_id"], row["total_marks"], row["status"]) == (
        *(1, 1, 100),
        "graded",
    )
    await writer.execute("update grades set score = null where student_id = 2")
    assert await writer.fetchval("select status from grades where student_id = 2") == "pending"
    await writer.execute(
        "insert into exams (id, section_id, subject_id, name, total_marks)"
        " values (2, 1, 1, 'Quiz', null)"
    )
    assert await writer.fetchval("select total_marks from exams where id = 2") == 100
    await writer.execute(
        "insert into attendance (student_id, date, period, status)"
        " values (1, '2026-01-05', null, 'late')"
    )
    assert await writer.fetchval("select period from attendance") == 0


@pytest.mark.reliability("triggers switched off for a restore or a sink")
async def test_an_exam_moves_its_grades(writer: Connection) -> None:
    await writer.execute(
        "update exams set total_marks = 60, section_id = 2, subject_id = 2 where id = 1"
    )
    row = await writer.fetchrow("select * from grades where id = 501")
    assert (row["total_marks"], row["section_id"], row["subject_id"]) == (60, 2, 2)


@pytest.mark.reliability("triggers switched off for a restore or a sink")
async def test_the_time_of_a_change_follows(writer: Connection) -> None:
    before = await writer.fetchval("select updated_at from grades")
    await writer.execute("update grades set score = 51")
    assert await writer.fetchval("select updated_at from grades") > before


@pytest.mark.reliability("triggers switched off for a restore or a sink")
@pytest.mark.parametrize(
    ("scale", "said"),
    [
        ('{"A": "x"}', "its own lowest percentage"),
        ('{"A": 90}', "its own lowest percentage"),
        ('{"A": 90, "B": 90, "F": 0}', "its own lowest percentage"),
        ('{"A": null, "F": 0}', "its own lowest percentage"),
        ('{"A": "1e400", "F": 0}', "its own lowest percentage"),
        ('{"A": "NaN", "F": 0}', "its own lowest percentage"),
        ('[["A", 90], "F"]', "its own lowest percentage"),
        ("5", "its own lowest percentage"),
        ("{}", "its own lowest percentage"),
        (json.dumps({f"L{n}": n for n in range(51)}), "at most 50 letters"),
        (json.dumps([[f"L{n}", n] for n in range(5000)]), "at most 50 letters"),
        (json.dumps({"A" * 21: 90, "F": 0}), "at most 20 characters"),
        (json.dumps({"é" * 5000: 90, "F": 0}), "at most 20 characters"),
    ],
)
async def test_a_scale_that_cannot_be_used_is_refused_in_words(
    writer: Connection, scale: str, said: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match=said):
        await writer.execute("update grading_policies set letter_scale = $1::text::jsonb", scale)


async def test_a_scale_at_the_bounds_is_taken(connection: Connection) -> None:
    scale = {f"{n:020}": n for n in range(50)}
    await connection.execute(
        "update grading_policies set letter_scale = $1::text::jsonb", json.dumps(scale)
    )
    await connection.execute(
        """update grading_policies set letter_scale = '[["A", " 90.5 "], ["F", "0"]]'"""
    )


@pytest.mark.reliability("one row that can't be handled")
@pytest.mark.parametrize("scale", ['{"A": "x"}', "7", '{"A": 90}', '[{"letter": 1, "min": {}}]'])
async def test_a_scale_that_got_past_its_guard_stops_nobody_and_is_named(
    database_url: str, connection: Connection, scale: str
) -> None:
    await connection.execute(SCHOOL)
    await connection.execute("alter table grading_policies disable trigger classpulse_check")
    await connection.execute(
        "update grading_policies set letter_scale = $1::text::jsonb where school_id is null", scale
    )
    await connection.execute("alter table grading_policies enable always trigger classpulse_check")
    found = await verify(database_url)
    assert found.differences == [
        "the default policy: its letter_scale can't be read, the letters A+ to F are used"
    ]
    row = await connection.fetchrow(
        "select * from student_performance_summaries where student_id = 1"
    )
    assert (row["average"], row["letter"]) == (50, "F")


@pytest.mark.reliability("triggers switched off for a restore or a sink")
async def test_a_guard_that_is_not_always_on_is_put_right_by_migrate(
    database_url: str, connection: Connection
) -> None:
    await connection.execute("alter table grades enable trigger classpulse_derive_insert")
    done = await migrate(database_url)
    assert done.objects == ["triggers/grades.sql"]
    state = await connection.fetchval(
        "select tgenabled from pg_trigger where tgname = 'classpulse_derive_insert'"
    )
    assert state == b"A"


@pytest.mark.reliability("triggers switched off for a restore or a sink")
@pytest.mark.parametrize("way", ["whole", "data, triggers disabled", "data, as a replica"])
async def test_a_dump_comes_back_as_it_was(
    cluster: Cluster, database_url: str, connection: Connection, tmp_path: Path, way: str
) -> None:
    await connection.execute(SCHOOL)
    await connection.execute("update exams set total_marks = 80")
    await connection.execute("update grades set total_marks = 70, updated_at = '2001-01-01'")
    await verify(database_url)
    tools = Path(await connection.fetchval("select setting from pg_config where name = 'BINDIR'"))
    # figures and machinery belong to the database that they were calculated in
    only = () if way == "whole" else ("-a", "-n", "public", "-T", "*performance*")
    await run(tools / "pg_dump", "-Fc", *only, "-f", tmp_path / "dump", database_url)
    name = cluster.create()
    url = cluster.url_of(name)
    try:
        if way != "whole":
            await migrate(url)
            await executed(url, "truncate grading_policies")
        triggers = ("--disable-triggers",) if "disabled" in way else ()
        role = "replica" if "replica" in way else "origin"
        restore = (tools / "pg_restore", "--exit-on-error", *triggers, "-d", url, tmp_path / "dump")
        await run(*restore, PGOPTIONS=f"-c session_replication_role={role}")
        await migrate(url)
        columns = "select id, section_id, subject_id, score, total_marks, updated_at from grades"
        assert await executed(url, columns) == await connection.fetch(columns)
        assert (await verify(url)).differences == []
    finally:
        cluster.drop(name)


async def executed(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def run(*command: str | Path, **environment: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (
            "insert into grade_categories (school_id, section_id, name) values (2, 1, 'x')",
            "section 1 belongs to school 1, not to school 2 of this category",
        ),
        (
            "insert into grade_categories (school_id, subject_id, name) values (2, 1, 'x')",
            "subject 1 belongs to school 1, not to school 2 of this category",
        ),
        (
            "insert into exams (section_id, subject_id, name, category_id) values (2, 1, 'x', 1)",
            "category 1 (Quizzes) belongs to section 1: an exam of section 2 can't be in it",
        ),
        (
            "insert into exams (section_id, subject_id, name, category_id) values (1, 2, 'x', 2)",
            "category 2 (Maths only) belongs to subject 1: an exam of subject 2 can't be in it",
        ),
        (
            "insert into exams (section_id, subject_id, name, category_id) values (3, 3, 'x', 3)",
            "category 3 (School) belongs to school 1: an exam of school 2 can't be in it",
        ),
        (
            "insert into grades (student_id, exam_id, score, category_id) values (1, 1, 3, 3)",
            "exam 1 (Quiz) is in category 1, so a grade of it can't be in category 3",
        ),
        (
            "insert into grades (student_id, section_id, subject_id, score, category_id)"
            " values (1, 2, 1, 3, 1)",
            "category 1 (Quizzes) belongs to section 1: a grade of section 2 can't be in it",
        ),
        (
            "update grade_categories set section_id = 2 where id = 1",
            "category 1 (Quizzes) holds exam 1 of section 1 and subject 1: move it first",
        ),
        (
            "insert into grade_overrides (student_id, section_id, letter) values (1, 3, 'A')",
            "student 1 belongs to school 1, and section 3 to school 2",
        ),
        (
            "insert into grade_overrides (student_id, section_id, subject_id, letter)"
            " values (1, 1, 3, 'A')",
            "subject 3 belongs to school 2, and section 1 to school 1",
        ),
        (
            "insert into grading_policies (school_id, section_id) values (2, 1)",
            "section 1 belongs to school 1, not to school 2 of this policy",
        ),
        (
            "insert into grading_policies (section_id, letter_points) values (1, '[4, 3]')",
            "letter_points must give letters their grade points as numbers",
        ),
        (
            "insert into supports (student_id, section_id, kind) values (1, 3, 'talk')",
            "student 1 belongs to school 1, and section 3 to school 2",
        ),
    ],
)
async def test_a_gradebook_refuses_in_plain_words(connection: Any, act: str, words: str) -> None:
    await connection.execute(
        """
        insert into schools (id, name) values (1, 'North'), (2, 'South');
        insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B'), (3, 2, 'C');
        insert into subjects (id, school_id, name) values (1, 1, 'M'), (2, 1, 'H'), (3, 2, 'M');
        insert into students (id, school_id, first_name) values (1, 1, 'Ada');
        insert into enrollments (student_id, section_id) values (1, 1);
        insert into grade_categories (id, school_id, section_id, subject_id, name)
        values (1, 1, 1, null, 'Quizzes'), (2, 1, null, 1, 'Maths only'),
        (3, 1, null, null, 'School');
        insert into exams (id, section_id, subject_id, name, category_id)
        values (1, 1, 1, 'Quiz', 1);
        select setval(pg_get_serial_sequence('exams', 'id'), 1);
        """
    )
    with pytest.raises(asyncpg.PostgresError) as refused:
        await connection.execute(act)
    assert str(refused.value).splitlines()[0] == words


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (
            "insert into enrollments (student_id, section_id, starts_on, ends_on)"
            " values (1, 2, '2026-02-01', '2026-01-31')",
            "student 1 can't be in section 2 until 2026-01-31, for they start there on"
            " 2026-02-01: ends_on must not be before starts_on",
        ),
        (
            "update enrollments set ends_on = '2025-12-31'",
            "student 1 can't be in section 1 until 2025-12-31, for they start there on"
            " 2026-01-01: ends_on must not be before starts_on",
        ),
        (
            "update enrollments set ends_on = 'infinity'",
            'new row for relation "enrollments" violates check constraint'
            ' "enrollments_end_is_finite"',
        ),
        (
            "insert into school_days values (1, '-infinity', 'school')",
            'new row for relation "school_days" violates check constraint'
            ' "school_days_date_is_finite"',
        ),
        (
            "insert into school_days values (1, '2026-01-05', 'party')",
            'new row for relation "school_days" violates check constraint'
            ' "school_days_kind_is_known"',
        ),
        (
            "insert into school_days values (1, '2026-01-06', 'half'), (1, '2026-01-06', 'school')",
            'duplicate key value violates unique constraint "school_days_pkey"',
        ),
    ],
)
@pytest.mark.parametrize("replica", [False, True])
async def test_a_calendar_and_dates_of_enrollments_are_guarded(
    connection: Any, act: str, words: str, replica: bool
) -> None:
    await connection.execute(
        """
        insert into schools (id, name) values (1, 'North');
        insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
        insert into students (id, school_id, first_name) values (1, 1, 'Ada');
        insert into enrollments (student_id, section_id, starts_on) values (1, 1, '2026-01-01');
        """
    )
    if replica:
        await connection.execute("set session_replication_role = replica")
    with pytest.raises(asyncpg.PostgresError) as refused:
        await connection.execute(act)
    assert str(refused.value).splitlines()[0] == words


async def test_what_a_gradebook_derives(connection: Any) -> None:
    """A grade has its exam's category, also once the exam is given another one, by COPY too."""
    await connection.execute(
        """
        insert into schools (id, name) values (1, 'North');
        insert into sections (id, school_id, name) values (1, 1, 'A');
        insert into subjects (id, school_id, name) values (1, 1, 'M');
        insert into students (id, school_id, first_name) values (1, 1, 'Ada'), (2, 1, 'Ben');
        insert into enrollments (student_id, section_id) values (1, 1), (2, 1);
        insert into exams (id, section_id, subject_id, name, counts) values (1, 1, 1, 'Quiz', null);
        insert into grades (student_id, exam_id, score) values (1, 1, 5);
        insert into grade_categories (id, external_id, section_id, name)
        values (1, 'q', 1, 'Quizzes');
        insert into grade_categories (id, external_id, section_id, name, weight)
        values (9, 'q', 1, 'Quizzes', 20)
        on conflict (external_id) do update set weight = excluded.weight;
        update exams set category_id = 1;
        """
    )
    await connection.copy_records_to_table(
        "grades", columns=["student_id", "exam_id", "score"], records=[(2, 1, 7)]
    )
    read = "select category_id from grades order by student_id"
    assert [row["category_id"] for row in await connection.fetch(read)] == [1, 1]
    assert await connection.fetchval("select weight from grade_categories") == 20
    assert await connection.fetchval("select school_id from grade_categories") == 1
    assert await connection.fetchval("select counts from exams")
    await connection.execute("delete from grade_categories")
    assert [row["category_id"] for row in await connection.fetch(read)] == [None, None]
    assert await connection.fetchval("select category_id from exams") is None
