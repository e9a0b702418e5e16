"""What the triggers append: what really changed, condensed where it is much, and nothing else."""

import json
from typing import Any

import asyncpg
import pytest

Connection = Any

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 700) as n;
insert into enrollments (student_id, section_id)
select n, 1 + n % 2 from generate_series(1, 700) as n;
insert into exams (id, section_id, subject_id, name, total_marks) values (1, 1, 1, 'Quiz', 20);
truncate classpulse.changes;
"""
GRADES = (
    "insert into grades (student_id, section_id, subject_id, score)"
    " select 1 + n % 700, $1, 1, n % 100 from generate_series(1, $2::int) as n"
)


@pytest.fixture
async def school(connection: Connection) -> None:
    await connection.execute(SCHOOL)


async def changes(connection: Connection) -> list[tuple[Any, ...]]:
    rows = await connection.fetch("select * from classpulse.changes order by id")
    await connection.execute("delete from classpulse.changes")
    return [(row["source"], row["operation"], row["section_id"], row["row_count"]) for row in rows]


async def test_a_statement_that_changes_no_value_is_not_recorded(
    connection: Connection, school: None
) -> None:
    await connection.execute(GRADES, 1, 3)
    assert len(await changes(connection)) == 3
    await connection.execute("update grades set score = score, updated_at = now()")
    await connection.execute("update grades set score = 1 where id < 0")
    await connection.execute("delete from grades where id < 0")
    await connection.execute("update students set first_name = first_name")
    assert await changes(connection) == []


async def test_a_rolled_back_statement_is_not_recorded(
    connection: Connection, school: None
) -> None:
    await connection.execute("begin")
    await connection.execute(GRADES, 1, 3)
    await connection.execute("rollback")
    assert await changes(connection) == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (500, [("grades", "insert", None, None)] * 500),
        (501, [("grades", "bulk", 1, 501)]),
    ],
)
async def test_over_500_rows_of_a_section_are_one_change(
    connection: Connection, school: None, rows: int, expected: list[Any]
) -> None:
    await connection.execute(GRADES, 1, rows)
    assert await changes(connection) == expected


async def test_over_2000_rows_in_all_are_one_change_a_section(
    connection: Connection, school: None
) -> None:
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score)"
        " select 1 + n % 700, case when n <= 3 then 2 else 1 end, 1, 5"
        " from generate_series(1, 2001) as n"
    )
    assert sorted(await changes(connection)) == [
        ("grades", "bulk", 1, 1998),
        ("grades", "bulk", 2, 3),
    ]


async def test_a_large_section_beside_a_small_one_is_condensed_alone(
    connection: Connection, school: None
) -> None:
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score)"
        " select 1 + n % 700, case when n <= 3 then 2 else 1 end, 1, 5"
        " from generate_series(1, 700) as n"
    )
    found = await changes(connection)
    assert found.count(("grades", "insert", None, None)) == 3
    assert found.count(("grades", "bulk", 1, 697)) == 1
    assert len(found) == 4


async def test_a_bulk_move_is_recorded_in_both_sections(
    connection: Connection, school: None
) -> None:
    await connection.execute(GRADES, 1, 600)
    await changes(connection)
    await connection.execute("update grades set section_id = 2")
    assert sorted(await changes(connection)) == [
        ("grades", "bulk", 1, 600),
        ("grades", "bulk", 2, 600),
    ]


async def test_whole_day_attendance_in_bulk_names_its_students(
    connection: Connection, school: None
) -> None:
    await connection.execute(
        "insert into attendance (student_id, date, status)"
        " select n, '2026-01-05', 'present' from generate_series(1, 600) as n"
    )
    row = await connection.fetchrow("select * from classpulse.changes")
    assert (row["operation"], row["section_id"], row["row_count"]) == ("bulk", None, 600)
    assert sorted(row["student_ids"]) == list(range(1, 601))


async def test_an_upsert_and_a_merge_record_what_became_of_each_row(
    connection: Connection, school: None
) -> None:
    upsert = (
        "insert into grades (student_id, exam_id, score) values (2, 1, $1), (4, 1, 5)"
        " on conflict (student_id, exam_id) do update set score = excluded.score"
    )
    await connection.execute(upsert, 3)
    assert [c[1] for c in await changes(connection)] == ["insert", "insert"]
    await connection.execute(upsert, 4)
    assert [c[1] for c in await changes(connection)] == ["update"]
    await connection.execute(
        "merge into grades using (values (2, 9), (6, 9), (4, null)) as new (student, score)"
        " on grades.student_id = new.student and grades.exam_id = 1"
        " when matched and new.score is null then delete"
        " when matched then update set score = new.score"
        " when not matched then insert (student_id, exam_id, score) values (student, 1, score)"
    )
    assert sorted(c[1] for c in await changes(connection)) == ["delete", "insert", "update"]


async def test_copy_is_captured(connection: Connection, school: None) -> None:
    await connection.copy_records_to_table(
        "grades", records=[(2, 1, 3), (4, 1, 4)], columns=["student_id", "exam_id", "score"]
    )
    assert await changes(connection) == [("grades", "insert", None, None)] * 2


async def test_a_deleted_student_takes_rows_along_and_each_is_recorded(
    connection: Connection, school: None
) -> None:
    await connection.execute(GRADES, 1, 700)
    await connection.execute(
        "insert into attendance (student_id, date, status) values (2, '2026-01-05', 'late')"
    )
    await changes(connection)
    await connection.execute("delete from students where id = 2")
    assert sorted(c[:2] for c in await changes(connection)) == [
        ("attendance", "delete"),
        ("enrollments", "delete"),
        ("grades", "delete"),
        ("students", "delete"),
    ]


async def test_a_truncation_is_one_change(connection: Connection, school: None) -> None:
    await connection.execute("truncate attendance, grades")
    assert sorted(c[:2] for c in await changes(connection)) == [
        ("attendance", "truncate"),
        ("grades", "truncate"),
    ]


async def test_a_row_whose_key_changed_is_one_gone_and_one_come(
    connection: Connection, school: None
) -> None:
    await connection.execute("update enrollments set section_id = 1 where student_id = 3")
    assert sorted(c[1] for c in await changes(connection)) == ["delete", "insert"]


async def test_a_session_that_switched_triggers_off_is_captured_all_the_same(
    connection: Connection, school: None
) -> None:
    await connection.execute("set session_replication_role = replica")
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, total_marks, status)"
        " values (1, 1, 1, 5, 10, 'graded')"
    )
    await connection.execute("reset session_replication_role")
    assert await changes(connection) == [("grades", "insert", None, None)]


async def test_nobody_forges_changes_with_a_table_of_their_own(
    connection: Connection, school: None
) -> None:
    await connection.execute("create schema theirs; create table theirs.stuff (id bigint)")
    await connection.execute(
        "create trigger forge after insert on theirs.stuff referencing new table as new_rows"
        " for each statement execute function classpulse.capture_insert('grades', 'section')"
    )
    with pytest.raises(asyncpg.RaiseError, match="captures no changes of"):
        await connection.execute("insert into theirs.stuff (id) values (1)")


async def test_an_exam_moves_the_grades_that_hold_its_old_values(
    connection: Connection, school: None
) -> None:
    await connection.execute(
        "insert into grades (student_id, exam_id, score, total_marks)"
        " values (2, 1, 3, null), (4, 1, 3, 50)"
    )
    await connection.execute("insert into subjects (id, school_id, name) values (2, 1, 'Art')")
    await connection.execute(
        "update exams set total_marks = 30, section_id = 2, subject_id = 2 where id = 1"
    )
    rows = await connection.fetch(
        "select section_id, subject_id, total_marks::int from grades order by student_id"
    )
    assert [tuple(row) for row in rows] == [(2, 2, 30), (2, 2, 50)]


async def test_the_change_holds_the_row_before_and_after(
    connection: Connection, school: None
) -> None:
    await connection.execute("insert into grades (student_id, exam_id, score) values (2, 1, 3)")
    await connection.execute("update grades set score = 4.5")
    row = await connection.fetchrow(
        "select * from classpulse.changes where operation = 'update' and source = 'grades'"
    )
    assert json.loads(row["old"])["score"] == 3
    assert json.loads(row["new"])["score"] == 4.5
    assert json.loads(row["new"])["section_id"] == 1
