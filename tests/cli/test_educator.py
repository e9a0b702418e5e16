"""Educators and their tokens."""

import asyncpg
import pytest

from classpulse.serve.auth.passwords import verify_password
from cli.conftest import SECRET, claims

PASSWORD = "correct horse"


async def stored(url, email):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchrow(
            "select educators.*, passwords.hash from educators "
            "left join classpulse.passwords on passwords.educator_id = educators.id "
            "where email = $1",
            email,
        )
    finally:
        await connection.close()


async def execute(url, statement):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def ask(cluster):
    """What the database holds, for a test that runs no loop of its own."""
    return cluster.portal.call


def test_an_educator_is_added_with_a_password_from_standard_input(run_here, database_url, ask):
    said = run_here("educator", "add", "ann@a.school", "--name", "Ann B", typed=f"{PASSWORD}\n")
    assert (said.code, said.out, said.err) == (0, "ann@a.school is added.\n", "")
    row = ask(stored, database_url, "ann@a.school")
    assert (row["full_name"], row["role"], row["school_id"]) == ("Ann B", "educator", None)
    assert ask(verify_password, row["hash"], PASSWORD)
    assert PASSWORD not in row["hash"]


@pytest.mark.reliability("sequences left behind by chosen ids")
def test_an_educator_is_added_beside_rows_with_ids_of_their_own(run_here, database_url, ask):
    ask(
        execute,
        database_url,
        "insert into educators (id, email, full_name) values (1, 'a@b.c', 'A'), (2, 'b@b.c', 'B')",
    )
    said = run_here("educator", "add", "ann@a.school", "--name", "Ann B", typed=f"{PASSWORD}\n")
    assert (said.code, said.out) == (0, "ann@a.school is added.\n")
    assert "educators had rows up to id 2" in said.err
    ask(execute, database_url, "insert into educators (email, full_name) values ('c@b.c', 'C')")


def test_a_known_one_gets_a_new_password_and_keeps_the_rest(run_here, database_url, ask):
    ask(execute, database_url, "insert into schools (id, name) values (7, 'A')")
    first = ("educator", "add", "ann@a.school", "--name", "Ann", "--role", "principal")
    assert run_here(*first, "--school", "7", typed=f"{PASSWORD}\n").code == 0
    said = run_here("educator", "add", "ANN@a.school", "--name", "Ann C", typed="another one\n")
    assert said.out == "ANN@a.school has a new password.\n"
    row = ask(stored, database_url, "ann@a.school")
    assert (row["full_name"], row["role"], row["school_id"]) == ("Ann C", "principal", 7)
    assert ask(verify_password, row["hash"], "another one")


@pytest.mark.parametrize(
    ("options", "typed", "expected"),
    [
        ([], "short\n", "at least 8 characters"),
        ([], "", "at least 8 characters"),
        (["--school", "9"], f"{PASSWORD}\n", "there is no school 9"),
        (["--role", "principal"], f"{PASSWORD}\n", "--school ID"),
        (["--role", "head"], f"{PASSWORD}\n", "'head' is not one of"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    run_here, database_url, ask, options, typed, expected
):
    said = run_here("educator", "add", "ann@a.school", "--name", "Ann", *options, typed=typed)
    assert said.code == 2
    assert expected in said.err
    assert ask(stored, database_url, "ann@a.school") is None


def test_a_token_says_who_for_how_long(run_here, database_url, ask):
    ask(
        execute,
        database_url,
        "insert into educators (id, email, full_name, role) "
        "values (5, 'Ann@a.school', 'Ann', 'admin')",
    )
    first = claims(run_here("token", "ann@a.school").out.strip())
    second = claims(run_here("token", "Ann@a.school", "--ttl", "15m").out.strip())
    assert set(first) == {"sub", "role", "iat", "exp", "jti", "session", "auth_time"}
    assert (first["sub"], first["role"]) == ("5", "admin")
    assert first["exp"] - first["iat"] == 12 * 3600
    assert second["exp"] - second["iat"] == 15 * 60
    assert first["jti"] != second["jti"]


def test_no_token_for_somebody_unknown_or_inactive(run_here, database_url, ask):
    ask(
        execute,
        database_url,
        "insert into educators (email, full_name, is_active) values ('a@b.c', 'A', false)",
    )
    unknown, inactive = run_here("token", "x@b.c"), run_here("token", "a@b.c")
    assert (unknown.code, inactive.code) == (2, 2)
    assert "there is no educator x@b.c" in unknown.err
    assert "a@b.c is not active" in inactive.err
    assert unknown.out == inactive.out == ""


def test_a_token_needs_the_servers_secret(run, database_url):
    said = run("token", "a@b.c", DATABASE_URL=database_url)
    assert said.code == 2
    assert "CLASSPULSE_JWT_SECRET" in said.err
    assert SECRET not in said.err
