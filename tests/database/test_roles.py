"""What the two group roles may do, and what nobody else may."""

import asyncpg
import pytest

SCHOOL = (
    "schools",
    "terms",
    "educators",
    "sections",
    "section_educators",
    "subjects",
    "students",
    "enrollments",
    "exams",
    "grades",
    "attendance",
    "grading_policies",
    "grade_categories",
    "grade_overrides",
    "supports",
    "school_days",
)
READ = (
    "student_performance_summaries",
    "performance_cache",
    "performance_status",
    "grade_history",
    "attendance_history",
)


async def rights(connection, role):
    rows = await connection.fetch(
        "select c.relname, c.relnamespace::regnamespace::text as schema, privilege "
        "from pg_class as c "
        "cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) "
        "as privilege "
        "where c.relnamespace in ('public'::regnamespace, 'classpulse'::regnamespace) "
        "and c.relkind in ('r', 'v', 'p') and has_table_privilege($1, c.oid, privilege)",
        role,
    )
    return {(f"{row['schema']}.{row['relname']}", row["privilege"]) for row in rows}


async def test_the_writer_writes_exactly_the_schools_tables(connection):
    expected = {
        (f"public.{table}", privilege)
        for table in SCHOOL
        for privilege in ("select", "insert", "update", "delete")
    } - {("public.educators", "insert"), ("public.educators", "update")}
    assert await rights(connection, "classpulse_writer") == expected


async def test_the_reader_reads_the_school_and_its_figures(connection):
    # what was noted about a student is for those who teach them
    tables = {*SCHOOL, *READ} - {"supports"}
    expected = {(f"public.{table}", "select") for table in tables}
    assert await rights(connection, "classpulse_reader") == expected


async def test_nobody_else_may_call_the_machinery(connection):
    callable_by_all = await connection.fetch(
        "select p.oid::regprocedure from pg_proc as p "
        "where p.pronamespace = 'classpulse'::regnamespace "
        "and has_function_privilege('pg_monitor', p.oid, 'execute')"
    )
    assert callable_by_all == []


async def test_a_writer_fills_every_table_and_the_triggers_follow(connection):
    await connection.execute("set role classpulse_writer")
    await connection.execute("""
        insert into schools (name) values ('A');
        insert into terms (school_id, name, starts_on, ends_on)
        select id, 'T', '2025-01-01', '2025-06-30' from schools;
        insert into educators (school_id, email, full_name) select id, 'a@b.c', 'E' from schools;
        insert into sections (school_id, term_id, name) select school_id, id, 'S' from terms;
        insert into section_educators select s.id, e.id from sections as s, educators as e;
        insert into subjects (school_id, name) select id, 'Maths' from schools;
        insert into students (school_id, first_name) select id, 'P' from schools;
        insert into enrollments (student_id, section_id)
        select p.id, s.id from students as p, sections as s;
        insert into exams (section_id, subject_id, name)
        select s.id, m.id, 'X' from sections as s, subjects as m;
        insert into grades (student_id, exam_id, score)
        select p.id, x.id, 70 from students as p, exams as x;
        insert into attendance (student_id, date, status)
        select id, '2025-02-01', 'present' from students;
        update grades set score = 80;
        update exams set total_marks = 120;
        update educators set full_name = 'F';
        insert into grading_policies (school_id, pass_mark) select id, 50 from schools;
        delete from attendance;
    """)
    await connection.execute("reset role")
    assert await connection.fetchval("select count(*) from classpulse.changes") > 0


@pytest.mark.parametrize(
    "statement",
    [
        "insert into educators (email, full_name, role) values ('a@b.c', 'E', 'admin')",
        "update educators set role = 'admin'",
        "delete from performance_cache",
        "insert into classpulse.changes (source, operation) values ('grades', 'insert')",
        "select * from classpulse.passwords",
        "select classpulse.capture_is_intact()",
        "truncate grades cascade",
        "create table public.mine (id int)",
    ],
)
async def test_a_writer_may_not(connection, statement):
    await connection.execute("set role classpulse_writer")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)


@pytest.mark.parametrize("role", ["classpulse_writer", "classpulse_reader"])
async def test_both_may_wait_for_the_figures(connection, role):
    await connection.execute(f"set role {role}")
    await connection.execute("call performance_wait('5 s')")


async def test_a_reader_may_see_how_current_the_figures_are(connection):
    await connection.execute("set role classpulse_reader")
    row = await connection.fetchrow("select * from performance_status")
    assert row["backlog"] >= 0


async def test_a_tool_gives_no_educator_the_id_and_with_it_the_password_of_another(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await connection.execute(
        "insert into educators (id, email, full_name, role) values"
        " (1, 'a@school.example', 'A', 'admin'), (2, 'b@school.example', 'B', 'educator')"
    )
    async with connection.transaction():
        await connection.execute("set local role classpulse_writer")
        await connection.execute("update educators set full_name = 'C' where id = 2")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute("update educators set id = 3 where id = 1")


async def test_a_copy_of_educators_names_its_columns(connection):
    await connection.execute("set role classpulse_writer")
    columns = ["email", "full_name", "school_id"]
    await connection.copy_records_to_table(
        "educators", records=[("a@b.c", "A", None)], columns=columns
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.copy_records_to_table("educators", records=[])
