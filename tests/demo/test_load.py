"""Loading the demo school into a database."""

import asyncpg
import pytest

from classpulse.demo.load import load
from classpulse.demo.school import PASSWORD, TEACHER
from classpulse.errors import DatabaseError
from classpulse.serve.auth.passwords import verify_password

Connection = asyncpg.Connection


async def test_a_second_load_finds_everything_as_it_was_left(
    database_url: str, connection: Connection
) -> None:
    assert await load(database_url, students=12)
    await connection.execute("delete from students where id = 3")
    assert not await load(database_url, students=12)
    assert await connection.fetchval("select count(*) from students") == 11


async def test_the_teacher_can_log_in(database_url: str, connection: Connection) -> None:
    await load(database_url, students=12)
    stored = await connection.fetchval(
        "select hash from classpulse.passwords join educators on id = educator_id where email = $1",
        TEACHER,
    )
    assert await verify_password(stored, PASSWORD)


async def test_new_rows_get_ids_of_their_own(database_url: str, connection: Connection) -> None:
    await load(database_url, students=12)
    for statement in (
        "insert into schools (name) values ('Another')",
        "insert into students (school_id, first_name) values (1, 'New')",
        "insert into exams (section_id, subject_id, name) values (1, 1, 'New')",
        "insert into grades (student_id, subject_id, score) values (1, 1, 97)",
        "insert into attendance (student_id, date, status) values (1, '2020-01-01', 'late')",
    ):
        assert await connection.execute(statement) == "INSERT 0 1"


async def test_a_school_of_somebodys_own_is_left_alone(
    database_url: str, connection: Connection
) -> None:
    await connection.execute("insert into schools (name) values ('Their own')")
    with pytest.raises(DatabaseError, match="--data-dir"):
        await load(database_url)
    assert await connection.fetchval("select count(*) from students") == 0


async def test_two_that_load_at_once_make_one_school(
    database_url: str, connection: Connection
) -> None:
    import anyio

    made = []

    async def one() -> None:
        made.append(await load(database_url, students=12))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one)
        tasks.start_soon(one)
    assert sorted(made) == [False, True]
    assert await connection.fetchval("select count(*) from schools") == 1
