"""The wake-up protocol: whatever the writers do, no change waits for the slow poll."""

import asyncio
import random

import asyncpg
import pytest
from leaders import leading

from classpulse.project import pacing
from classpulse.project.lock import leader_session

pytestmark = pytest.mark.reliability("wake race")

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'Class');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 40) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 40) as n;
"""
GRADE = "insert into grades (student_id, section_id, subject_id, score) values ($1, 1, 1, $2)"
ISOLATIONS = ("read committed", "repeatable read", "serializable")


async def caught_up(connection: "asyncpg.Connection[asyncpg.Record]", seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await connection.fetchval("select count(*) from classpulse.changes"):
            await asyncio.sleep(0.01)


@pytest.fixture
async def school(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute(SCHOOL)


async def test_no_commit_order_and_no_open_transaction_makes_a_change_wait(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", school: None
) -> None:
    """Pairs of writes followed by silence: steady traffic would hide a lost wake-up."""

    async def writer(number: int) -> None:
        dice = random.Random(number)
        own = await asyncpg.connect(database_url)
        try:
            for _ in range(25):
                await asyncio.sleep(dice.choice([0, 0, 0.003, 0.05, 0.26]) * dice.random())
                transaction = own.transaction(isolation=dice.choice(ISOLATIONS).replace(" ", "_"))
                await transaction.start()
                try:
                    await own.execute(GRADE, dice.randint(1, 40), dice.randint(0, 100))
                    if dice.random() < 0.3:
                        async with own.transaction():
                            await own.execute(GRADE, dice.randint(1, 40), dice.randint(0, 100))
                    await asyncio.sleep(dice.choice([0, 0.001, 0.02, 0.06]) * dice.random())
                except asyncpg.SerializationError:
                    await transaction.rollback()
                    continue
                if dice.random() < 0.2:
                    await transaction.rollback()
                else:
                    await transaction.commit()
        finally:
            await own.close()

    async with leading(database_url) as leader:
        open_throughout = await asyncpg.connect(database_url)
        await open_throughout.execute("begin")
        await open_throughout.execute(GRADE, 1, 50)
        await asyncio.gather(*(writer(number) for number in range(12)))
        await caught_up(connection, pacing.ASLEEP_SECONDS)
        assert leader.found_late == 0
        grades = await connection.fetchval("select count(*) from grades")
        events = await connection.fetchval(
            "select count(*) from classpulse.events where type = 'grade_update'"
        )
        assert events == grades > 100
        await open_throughout.execute("commit")
        await open_throughout.close()
        await caught_up(connection, 0.5)
        assert leader.found_late == 0


@pytest.mark.parametrize("isolation", ISOLATIONS)
async def test_a_writer_that_saw_the_projector_awake_and_commits_into_its_sleep_does_not_wait(
    database_url: str,
    connection: "asyncpg.Connection[asyncpg.Record]",
    school: None,
    isolation: str,
) -> None:
    own = await asyncpg.connect(database_url)
    dice = random.Random(isolation)
    async with leading(database_url) as leader:
        for _ in range(4):
            async with connection.transaction():
                await connection.executemany(GRADE, [(1 + n, n) for n in range(20)])
            await caught_up(connection, 1)
            await own.execute(f"begin isolation level {isolation}")
            await own.execute(GRADE, 1, 50)
            assert not await flag(connection), "the writer must see the projector awake"
            async with asyncio.timeout(2):
                while not await flag(connection):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(dice.choice([0, 0.1, 0.3]))
            await own.execute("commit")
            await caught_up(connection, 4 * pacing.FALLING_ASLEEP_SECONDS)
        assert leader.found_late == 0
    await own.close()


async def flag(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return bool(await connection.fetchval("select last_value from classpulse.projector_asleep"))


async def test_a_write_into_silence_is_folded_in_at_once(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", school: None
) -> None:
    async with leading(database_url) as leader:
        await caught_up(connection, 5)
        await asyncio.sleep(pacing.QUIET_SECONDS + 3 * pacing.FALLING_ASLEEP_SECONDS)
        for _ in range(3):
            await connection.execute(GRADE, 1, 50)
            await caught_up(connection, pacing.ASLEEP_SECONDS / 2)
            await asyncio.sleep(pacing.QUIET_SECONDS)
        assert leader.found_late == 0


async def test_a_busy_projector_asks_no_writer_for_a_notification(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", school: None
) -> None:
    """The flag is down while changes keep coming."""
    async with leading(database_url):
        for number in range(60):
            await connection.executemany(GRADE, [(1 + n, n) for n in range(10)])
            if number > 20:
                break
        assert not await flag(connection)


@pytest.mark.parametrize("announced", ["before", "during the pause", "never"])
async def test_a_change_seen_a_moment_before_its_notification_is_not_late(
    database_url: str, monkeypatch: pytest.MonkeyPatch, announced: str
) -> None:
    monkeypatch.setattr("classpulse.project.pacing.ASLEEP_SECONDS", 0.2)
    async with leader_session(database_url) as session:
        waking = pacing.Pacing(session)
        await waking.start()
        waking.state = pacing.State.ASLEEP
        # the slow poll looked, and found one
        await waking.wait(0, 0, 0.001)
        other = await asyncpg.connect(database_url)
        if announced == "before":
            await other.execute("notify classpulse_wake")
            await session.execute("select 1")
        waiting = asyncio.create_task(waking.wait(1, 0, 0.001))
        if announced == "during the pause":
            await asyncio.sleep(0.02)
            await other.execute("notify classpulse_wake")
        await waiting
        await other.close()
        assert waking.found_late == (announced == "never")


async def test_a_projector_sleeps_between_changes_that_only_drip(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", school: None
) -> None:
    """Each is announced then, and none waits for a look; the first ones find it busy."""
    async with leading(database_url) as leader:
        await connection.executemany(GRADE, [(1 + n % 40, n % 100) for n in range(200)])
        slept = 0
        for number in range(60):
            await connection.execute(GRADE, 1 + number % 40, number)
            slept += await flag(connection)
            await asyncio.sleep(0.025)
        await caught_up(connection, 5)
        assert slept > 10
        assert leader.found_late == 0


@pytest.mark.parametrize(
    ("taken", "seconds", "rest"),
    [(0, 0.001, 0.005), (1, 0.006, 0.005), (16, 0.02, 0.02), (48, 0.03, 0.09), (999, 0.4, 0.1)],
)
def test_a_batch_earns_rest_by_what_it_took(taken: int, seconds: float, rest: float) -> None:
    """A single change must not make the next one wait where nobody needs the machine."""
    assert pacing.rest_after(taken, seconds) == pytest.approx(rest)
