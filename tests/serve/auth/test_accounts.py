"""A password belongs to the row of an educator, whatever is done to the rows."""

import os
import shutil
import time
from typing import Any

import anyio
import asyncpg
import httpx2
import pytest
from event_log import until

from classpulse.database.install import plan, scripts
from classpulse.database.install.migrate import migrate
from classpulse.serve.auth import tokens
from serve.conftest import API, PASSWORD, SECRET, Client, serving

AUTH = "/api/v1/auth"
Tool = asyncpg.Connection

_ABE_FIRST = (
    "insert into educators (id, school_id, email, full_name, role) values"
    " (1, 1, 'abe@north.school', 'Abe', 'educator'),"
    " (3, 1, 'Ann@North.school', 'Ann', 'educator'),"
    " (4, 1, 'head@north.school', 'Head', 'principal');"
    "insert into section_educators values (2, 1)"
)
_TRUNCATE = "truncate educators restart identity cascade;"
_DELETE = "delete from section_educators; delete from educators;"
_OFF = "alter table educators {} trigger all;"
RELOADS = {
    "a truncation": _TRUNCATE + _ABE_FIRST,
    "a deletion": _DELETE + _ABE_FIRST,
    "a sink": "set local session_replication_role = replica;" + _DELETE + _ABE_FIRST,
    "a truncation by a sink": (
        "set local session_replication_role = replica;" + _TRUNCATE + _ABE_FIRST
    ),
    "triggers off": _OFF.format("disable") + _TRUNCATE + _ABE_FIRST + ";" + _OFF.format("enable"),
    "a row that takes over another's number": (
        _DELETE
        + _ABE_FIRST.replace("(1, 1, 'abe", "(900, 1, 'abe").partition(";")[0]
        + "; update educators set id = 1 where id = 900"
    ),
    "an upsert": (
        "insert into educators (id, school_id, email, full_name) values (901, 1, 'x@x.x', 'X');"
        "delete from section_educators; delete from educators where id < 900;" + _ABE_FIRST
    ),
}


# The rows of the school came with their ids.
COUNT_ON = "select setval(pg_get_serial_sequence('educators', 'id'), 1000)"


async def login(client: Client, email: str, password: str = PASSWORD) -> httpx2.Response:
    client.http.cookies.clear()
    body = {"email": email, "password": password}
    return await client.http.post(f"{AUTH}/login", json=body)


async def me(client: Client, token: str) -> int:
    client.http.cookies.clear()
    headers = {"Authorization": f"Bearer {token}"}
    return (await client.http.get(f"{AUTH}/me", headers=headers)).status_code


@pytest.mark.reliability("an old id under a new row")
@pytest.mark.parametrize("kind", RELOADS)
async def test_a_reload_lets_nobody_into_anothers_account(
    client: Client, tool: Tool, kind: str
) -> None:
    anns = (await login(client, "ann@north.school")).json()["access_token"]
    heads = (await login(client, "head@north.school")).json()["access_token"]
    async with tool.transaction():
        await tool.execute(RELOADS[kind])
    for email in ("abe@north.school", "ann@north.school", "head@north.school"):
        assert (await login(client, email)).status_code == 401, email
    for token in (anns, heads):
        assert await me(client, token) == 401


@pytest.mark.parametrize("kind", [k for k in RELOADS if k != "triggers off"])
async def test_the_password_of_an_educator_who_is_gone_is_deleted(
    client: Client, tool: Tool, kind: str
) -> None:
    await until(lambda: client.app.state.leader.leading, 10)
    async with tool.transaction():
        await tool.execute(RELOADS[kind])
    await tool.execute("call performance_wait(timeout => '10 s')")
    for kept in ("passwords", "sessions", "visits"):
        orphans = await tool.fetchval(
            f"select count(*) from classpulse.{kept}"
            " where account_id not in (select account_id from educators)"
        )
        assert orphans == 0, kept


@pytest.mark.parametrize(
    "statements",
    [
        "create temp table e on commit drop as select * from educators;"
        + _DELETE
        + "insert into educators select * from e",
        "alter table section_educators drop constraint section_educators_educator_id_fkey;"
        "update educators set id = id + 1000",
        "update educators set full_name = 'Another', external_id = 'a' || id",
    ],
    ids=["taken out and put back", "shifted ids", "updated"],
)
async def test_who_stays_the_same_row_keeps_the_password(
    client: Client, tool: Tool, statements: str
) -> None:
    async with tool.transaction():
        await tool.execute(statements)
    assert (await login(client, "ann@north.school")).status_code == 200
    assert (await login(client, "bob@north.school")).status_code == 200


async def test_swapped_emails_swap_no_passwords(client: Client, tool: Tool) -> None:
    await tool.execute("update educators set email = 'ann2@x.x' where id = 1")
    await tool.execute("update educators set email = 'ann@north.school' where id = 2")
    answer = await login(client, "ann@north.school")
    assert answer.json()["educator"]["id"] == 2
    assert (await login(client, "ann2@x.x")).json()["educator"]["id"] == 1


async def test_a_row_without_an_account_of_its_own_is_given_one(tool: Tool) -> None:
    await tool.execute(COUNT_ON)
    for role in ("origin", "replica"):
        await tool.execute(f"set session_replication_role = {role}")
        account = await tool.fetchval(
            "insert into educators (email, full_name, account_id)"
            " values ($1, 'N', null) returning account_id",
            f"{role}@x.x",
        )
        assert account is not None
        kept = await tool.fetchval(
            "update educators set account_id = null where email = $1 returning account_id",
            f"{role}@x.x",
        )
        assert kept == account
    with pytest.raises(asyncpg.UniqueViolationError, match="account_id"):
        await tool.execute(
            "insert into educators (email, full_name, account_id)"
            " select 'copy@x.x', full_name, account_id from educators where id = 1"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "insert into educators (id, email, full_name) values (1, 'z@z.z', 'Z')",
        "insert into educators (email, full_name, account_id) select 'z@z.z', 'Z', account_id"
        " from educators where id = 4",
        "update educators set account_id = gen_random_uuid()",
        "update educators set id = 77 where id = 2",
        "update educators set email = 'mine@z.z' where id = 3",
        "update educators set email = 'mine@z.z' where id = 4",
        "update educators set email = email || 'x'",
        "insert into educators (email, full_name, external_id) values ('mine@z.z', 'Z', 'h')"
        " on conflict (external_id) do update set email = excluded.email",
        "select classpulse.end_sessions(account_id) from educators",
    ],
)
async def test_a_writer_takes_no_account_over(tool: Tool, statement: str) -> None:
    await tool.execute("update educators set external_id = 'h' where id = 3")
    await tool.execute("set role classpulse_writer")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tool.execute(statement)


async def test_a_writer_keeps_the_educators_as_before(client: Client, tool: Tool) -> None:
    await tool.execute(COUNT_ON)
    await tool.execute("set role classpulse_writer")
    await tool.execute("update educators set email = 'ann.new@north.school' where id = 1")
    await tool.execute("update educators set email = upper(email), full_name = 'H' where id = 3")
    await tool.execute("delete from section_educators where educator_id = 7")
    await tool.execute("delete from educators where id = 7")
    await tool.execute("insert into educators (email, full_name) values ('new@north.school', 'N')")
    await tool.execute("reset role")
    assert (await login(client, "ann.new@north.school")).status_code == 200
    assert (await login(client, "head@north.school")).status_code == 200
    assert (await login(client, "new@north.school")).status_code == 401


async def test_nobody_is_shown_what_another_saw_under_their_number(
    client: Client, tool: Tool
) -> None:
    await tool.execute(
        "insert into classpulse.visits (educator_id, account_id, seen, seen_at)"
        " select id, account_id, '{\"total_students\": 5}', now() - interval '1 hour'"
        " from educators where id = 1"
    )
    assert "last visit" in (await client.http.get("/", headers=client.as_(1))).text
    await tool.execute(
        "delete from educators where id = 1;"
        "insert into educators (id, school_id, email, full_name) values (1, 1, 'z@z.z', 'Zed')"
    )
    page = await client.http.get("/", headers=client.as_(1))
    assert page.status_code == 200
    assert "last visit" not in page.text


async def run(tool: Tool, program: str, *arguments: str, given: bytes | None = None) -> bytes:
    """What a program of the Postgres in use prints."""
    folder = await tool.fetchval("select setting from pg_config where name = 'BINDIR'")
    found = shutil.which(program, path=os.pathsep.join([folder, os.environ["PATH"]]))
    assert found is not None, f"no {program}"
    return (await anyio.run_process([found, *arguments], input=given)).stdout


async def test_a_dump_and_its_restore_keep_passwords_and_sessions(
    cluster: Any, client: Client, school_url: str, tool: Tool
) -> None:
    token = (await login(client, "ann@north.school")).json()["access_token"]
    dump = await run(tool, "pg_dump", school_url)
    name = cluster.create()
    try:
        restored = cluster.url_of(name)
        await run(tool, "psql", "-qX", "-v", "ON_ERROR_STOP=1", restored, given=dump)
        async with serving(restored) as other:
            assert await me(other, token) == 200
            assert (await login(other, "ann@north.school")).status_code == 200
    finally:
        cluster.drop(name)


@pytest.mark.parametrize("options", [[], ["--disable-triggers"]], ids=["plain", "triggers off"])
async def test_educators_put_back_from_a_dump_keep_their_passwords(
    client: Client, school_url: str, tool: Tool, options: list[str]
) -> None:
    dump = await run(tool, "pg_dump", "--data-only", *options, "-t", "educators", school_url)
    whole = b"truncate educators cascade;\n" + dump
    await run(tool, "psql", "-qX1", "-v", "ON_ERROR_STOP=1", school_url, given=whole)
    assert (await login(client, "ann@north.school")).status_code == 200


async def test_an_upgrade_loses_no_password_and_signs_nobody_out(
    empty_database_url: str, password_hash: str
) -> None:
    older = [script for script in scripts.migrations() if script.path.stem < "0006"]
    connection = await asyncpg.connect(empty_database_url)
    for step in [plan.preparation(), *map(plan.migration, older)]:
        for statement in step.statements:
            await connection.execute(statement.sql, *statement.values)
    await connection.execute(
        "insert into educators (id, email, full_name, role) overriding system value"
        " values (1, 'ann@north.school', 'Ann', 'admin'), (2, 'bob@b.b', 'Bob', 'admin')"
    )
    await connection.execute(
        "insert into classpulse.passwords (educator_id, hash, changed_at)"
        " select n, $1, now() - interval '1 hour' from generate_series(1, 3) as n",
        password_hash,
    )
    await migrate(empty_database_url)
    assert await connection.fetchval("select count(*) from classpulse.passwords") == 2
    await connection.close()
    async with serving(empty_database_url) as client:
        assert (await login(client, "ann@north.school")).status_code == 200
        now = client.as_(1, "admin")
        client.http.cookies.clear()
        assert (await client.http.get(f"{API}/terms", headers=now)).status_code == 200
        old = tokens.issue(SECRET, 1, "admin", tokens.LIFETIME, now=time.time() - 7200)
        assert await me(client, old) == 401
