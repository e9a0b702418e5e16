"""No value of a column of the school's own, and no size, fails the writer's statement."""

import json
from typing import Any

import pytest

Connection = Any

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 700) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 700) as n;
truncate classpulse.changes;
"""
GRADE = "insert into grades (student_id, section_id, subject_id, score) values (1, 1, 1, 50)"

#: a type of the school's own, and a value that can't be made jsonb of, or hardly
ODD = {
    "json with an escaped NUL": ("json", r"""'{"a": "\u0000"}'"""),
    "json with a number beyond numeric": ("json", "'[1e200000]'"),
    "json with a lone surrogate": ("json", r"""'"\ud800"'"""),
    "json with a key twice": ("json", """'{"a": 1, "a": 2}'"""),
    "json nested deep": ("json", "(repeat('[', 3000) || repeat(']', 3000))::json"),
    "jsonb nested deep": ("jsonb", "(repeat('[', 3000) || repeat(']', 3000))::jsonb"),
    "a number of many digits": ("numeric", "repeat('9', 100000)::numeric"),
    "not a number": ("numeric", "'NaN'"),
    "infinity": ("timestamptz", "'infinity'"),
    "before Christ": ("date", "'0044-03-15 BC'"),
    "bytes": ("bytea", r"'\x00ff'"),
    "a composite": ("full_name", "row('a', null)::full_name"),
    "a domain over json": ("own_json", r"""'{"a": "\u0000"}'"""),
    "a type whose cast fails": ("odd", "row(1)::odd"),
    "an array": ("text[]", "array['a', null]"),
    "a range": ("int4range", "'[1,5)'"),
    "money": ("money", "'1.00'"),
}
TYPES = """
create type full_name as (given text, family json);
create domain own_json as json;
create type odd as (n integer);
create function odd_json(odd) returns json language plpgsql as
$$ begin raise exception 'no json of it'; end $$;
create cast (odd as json) with function odd_json(odd);
"""


@pytest.fixture
async def school(connection: Connection) -> None:
    await connection.execute(SCHOOL + TYPES)


async def taken(connection: Connection) -> list[tuple[str, Any, Any]]:
    rows = await connection.fetch("delete from classpulse.changes returning *")
    return [
        (
            row["operation"],
            row["old"] and json.loads(row["old"]),
            row["new"] and json.loads(row["new"]),
        )
        for row in sorted(rows, key=lambda row: row["id"])
    ]


@pytest.mark.reliability("a value of a column of the school's own")
async def test_any_value_of_an_own_column_can_be_written_and_its_change_is_one(
    connection: Connection, school: None
) -> None:
    for odd, (kind, value) in ODD.items():
        await connection.execute(f"alter table grades add column own {kind}")
        await connection.execute(GRADE)
        await connection.execute(f"update grades set own = {value}")
        await connection.execute(f"update grades set own = {value}")
        await connection.execute("update grades set score = 60")
        await connection.execute("update grades set own = null, updated_at = now()")
        await connection.execute(f"update grades set own = {value}, score = 70")
        await connection.execute("delete from grades")
        await connection.execute(
            "insert into grades (student_id, section_id, subject_id, score, own)"
            f" values (1, 1, 1, 50, {value})"
        )
        await connection.execute("alter table grades disable trigger classpulse_capture_delete")
        await connection.execute("delete from grades")
        await connection.execute(
            "alter table grades enable always trigger classpulse_capture_delete"
        )
        await connection.execute("alter table grades drop column own")
        changes = await taken(connection)
        operations = ["insert", "update", "update", "update", "update", "delete", "insert"]
        assert [change[0] for change in changes] == operations, odd
        assert all("own" not in row for _, *rows in changes for row in rows if row)
        assert changes[2][2]["score"] == 60


@pytest.mark.reliability("a value of a column of the school's own")
async def test_every_table_takes_any_value(connection: Connection, school: None) -> None:
    await connection.execute(
        "insert into exams (id, section_id, subject_id, name) values (1, 1, 1, 'Quiz');"
        "insert into attendance (student_id, date, status) values (1, '2026-01-05', 'late');"
        "insert into educators (email, full_name) values ('a@b.example', 'A');"
        "insert into terms (school_id, name, starts_on, ends_on)"
        " values (1, 'T', '2026-01-01', '2026-06-30');"
        "insert into section_educators select 1, id from educators"
    )
    for table in (
        *("schools", "terms", "educators", "sections", "section_educators", "subjects"),
        *("students", "enrollments", "exams", "attendance", "grading_policies"),
    ):
        await connection.execute(f"alter table {table} add column own json")
        await taken(connection)
        await connection.execute(f"""update {table} set own = '"\\u0000"'""")
        found = {change[0] for change in await taken(connection)}
        assert found in ({"update"}, {"bulk"}), table


@pytest.mark.reliability("a value of a column of the school's own")
async def test_a_time_that_alone_moved_is_no_change(connection: Connection, school: None) -> None:
    await connection.execute("alter table grades add column own json")
    await connection.execute(GRADE)
    await connection.execute("""update grades set own = '"\\u0000"'""")
    await taken(connection)
    await connection.execute("update grades set updated_at = '2001-01-01', created_at = null")
    await connection.execute("update grades set updated_at = null")
    assert await taken(connection) == []


@pytest.mark.reliability("very large texts")
async def test_a_change_carries_no_more_of_a_text_than_is_shown(
    connection: Connection, school: None
) -> None:
    await connection.execute(GRADE)
    await connection.execute("update grades set remarks = repeat('é', 300000)")
    await connection.execute("update grades set remarks = repeat('é', 300001)")
    await connection.execute("update students set last_name = repeat('x', 100000) where id = 1")
    _, first, second, name = await taken(connection)
    assert first[2]["remarks"] == "é" * 2001
    assert second[0] == "update"
    assert second[1]["remarks"] == second[2]["remarks"]
    assert name[2]["last_name"] == "x" * 501


@pytest.mark.reliability("very large texts")
async def test_a_remark_too_long_for_jsonb_is_stored(connection: Connection, school: None) -> None:
    await connection.execute("alter table grades alter column remarks set storage external")
    await connection.execute(GRADE)
    await connection.execute("update grades set remarks = repeat('x', 300000000)")
    assert [change[0] for change in await taken(connection)] == ["insert", "update"]


@pytest.mark.reliability("very large texts")
async def test_a_statement_of_large_texts_leaves_few_bytes_behind(
    connection: Connection, school: None
) -> None:
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, remarks)"
        " select n, 1, 1, 50, repeat(md5(n::text), 3000) from generate_series(1, 500) as n"
    )
    await connection.execute("update grades set remarks = remarks || 'x'")
    size = await connection.fetchval(
        "select sum(pg_column_size(old)) + sum(pg_column_size(new)) from classpulse.changes"
        " where operation = 'update'"
    )
    assert size < 500 * 2 * 2300
