"""Nobody but those who project stops the projector, and none leads on another version's SQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from leaders import leading

from classpulse.database.install.migrate import migrate
from classpulse.errors import OtherVersionError
from classpulse.project.leader import Leader
from classpulse.project.lock import leader_session, take_over
from classpulse.project.verify import verify

NUMBER = "select lock_number from classpulse.state"
GRADE = "insert into grades (student_id, section_id, subject_id, score) values (1, 1, 1, $1)"
SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name) values (1, 1, 'P');
insert into enrollments (student_id, section_id) values (1, 1);
"""


@pytest.fixture
async def school(connection: Any) -> None:
    await connection.execute(SCHOOL)


@pytest.fixture
async def stranger(cluster: Any, database_url: str) -> AsyncIterator[Any]:
    """A login that may read figures and nothing else."""
    exists = cluster.run("select to_regrole('a_reader') is not null")
    if not exists:
        cluster.run("create role a_reader login password 'x' in role classpulse_reader")
    parts = urlsplit(database_url)
    place = parts.netloc.rpartition("@")[2]
    login = await asyncpg.connect(urlunsplit(parts._replace(netloc=f"a_reader:x@{place}")))
    yield login
    await login.close()


async def folded_in(connection: Any, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while await connection.fetchval("select count(*) from classpulse.changes"):
            await asyncio.sleep(0.01)


async def take(stranger: Any, number: int) -> bool:
    taken: bool = await stranger.fetchval(
        "select pg_try_advisory_lock(hashtext('classpulse.leader'), $1)", number
    )
    return taken


@pytest.mark.reliability("any login holds up the projector")
async def test_notifications_of_strangers_make_no_leader_step_down(
    stranger: Any, database_url: str, connection: Any, school: None
) -> None:
    async with leading(database_url) as leader:
        for number in range(40):
            await stranger.execute("notify classpulse_wake, 'yield'")
            await connection.execute(GRADE, number)
            assert not await take(stranger, 1)
            await folded_in(connection)
            assert leader.leading


@pytest.mark.reliability("any login holds up the projector")
async def test_a_lock_held_by_a_role_that_cannot_project_is_passed_by(
    stranger: Any,
    database_url: str,
    connection: Any,
    school: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await take(stranger, 1)
    async with leading(database_url):
        await connection.execute(GRADE, 50)
        await folded_in(connection)
    assert "role a_reader" in caplog.text
    # the next one is no secret either, and is taken as soon as it is free
    assert await take(stranger, await connection.fetchval(NUMBER))
    async with leading(database_url):
        await connection.execute(GRADE, 60)
        await folded_in(connection)
        # of commands, too, which take the leader's place
        assert (await verify(database_url)).differences == []


async def test_many_who_pass_by_a_stranger_never_lead_at_once(
    stranger: Any, database_url: str, connection: Any, school: None
) -> None:
    holders = (
        "select count(*) from pg_locks where locktype = 'advisory' and granted and objsubid = 2"
        " and classid = hashtext('classpulse.leader')::bit(32)::bigint::oid and pid <> $1"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    watch = await asyncpg.connect(database_url)
    at_once: list[int] = []
    watching = asyncio.Lock()

    async def one() -> None:
        async with leader_session(database_url) as session:
            await take_over(session)
            async with watching:
                at_once.append(await watch.fetchval(holders, stranger.get_server_pid()))
            await asyncio.sleep(0.02)

    async def in_turn(number: int) -> None:
        for _ in range(3):
            await one()
            await asyncio.sleep(0.005 * number)

    for _ in range(3):
        assert await take(stranger, await connection.fetchval(NUMBER))
        del at_once[:]
        async with asyncio.timeout(30):
            await asyncio.gather(*(in_turn(number) for number in range(4)))
        assert at_once == [1] * 12
    await watch.close()


@pytest.mark.reliability("an old process leads on new SQL")
async def test_a_leader_stands_down_within_a_moment_of_another_version(
    database_url: str, connection: Any, school: None
) -> None:
    async with leading(database_url) as leader:
        await connection.execute(GRADE, 50)
        await folded_in(connection)
        await connection.execute("update classpulse.state set version = 'later'")
        await connection.execute(GRADE, 60)
        async with asyncio.timeout(5):
            while leader.leading or leader.obstacle is None:
                await asyncio.sleep(0.01)
        assert "restart this process" in leader.obstacle
        await asyncio.sleep(1)
        # not one batch was made under it
        assert await connection.fetchval("select count(*) from classpulse.changes") == 1
        with pytest.raises(OtherVersionError):
            await verify(database_url)
        await migrate(database_url)
        await folded_in(connection)
        assert leader.obstacle is None


@pytest.mark.reliability("an old process leads on new SQL")
async def test_one_that_starts_on_another_version_says_to_migrate(
    database_url: str, connection: Any
) -> None:
    await connection.execute("update classpulse.state set version = 'earlier'")
    leader = Leader(database_url, retention=timedelta(days=7))
    task = asyncio.create_task(leader.run())
    async with asyncio.timeout(5):
        while leader.obstacle is None:
            await asyncio.sleep(0.01)
    assert "run classpulse migrate" in leader.obstacle
    assert not leader.leading
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.reliability("hosted servers lack functions")
async def test_what_a_server_does_not_tell_is_no_other_database(
    database_url: str, connection: Any, school: None
) -> None:
    await verify(database_url)
    epoch = await connection.fetchval("select epoch from classpulse.state")
    await connection.execute(
        "update classpulse.state set identity = identity - 'timeline' - 'system'"
    )
    await verify(database_url)
    assert await connection.fetchval("select epoch from classpulse.state") == epoch
    await connection.execute(
        "update classpulse.state set identity = jsonb_set(identity, '{events}', '1')"
    )
    await verify(database_url)
    assert await connection.fetchval("select epoch from classpulse.state") != epoch


@pytest.mark.reliability("hosted servers lack functions")
async def test_an_identity_is_found_where_nothing_may_be_asked(
    cluster: Any, database_url: str, connection: Any
) -> None:
    await connection.execute(
        "revoke execute on function pg_control_system() from public;"
        "revoke execute on function pg_walfile_name(pg_lsn) from public;"
        "grant usage on schema classpulse to classpulse_reader;"
        "grant execute on function classpulse.database_identity() to classpulse_reader;"
        "grant select on classpulse.events to classpulse_reader"
    )
    await connection.execute("set role classpulse_reader")
    known = await connection.fetchval("select classpulse.database_identity() ?& array['database']")
    full = await connection.fetchval("select classpulse.database_identity() ? 'system'")
    assert (known, full) == (True, False)


@pytest.mark.reliability("a part of a dump is restored")
async def test_ids_that_start_again_below_the_bound_are_taken(
    database_url: str, connection: Any, school: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classpulse.project.leader.LOW_WATER_SECONDS", 0.1)
    async with leading(database_url):
        for number in range(20):
            await connection.execute(GRADE, number)
            await folded_in(connection)
        await asyncio.sleep(1.5)
        await connection.execute("select setval('classpulse.changes_id_seq', 1)")
        await connection.execute(GRADE, 50)
        await folded_in(connection)


@pytest.mark.parametrize("role", ["classpulse_reader", "classpulse_writer"])
async def test_a_temporary_view_on_the_machinery_shows_nothing(connection: Any, role: str) -> None:
    await connection.execute(f"set role {role}")
    for table in ("passwords", "changes", "events", "state", "definitions", "captures"):
        await connection.execute(
            f"create or replace temporary view peek_{table} as select * from classpulse.{table}"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"select * from peek_{table}")
    await connection.execute("create temporary view grades as select * from public.grades")
    await connection.execute("create temporary table sections (id int)")
    # what acts for its owner looks nothing up there
    await connection.execute("call performance_wait('5 s')")
