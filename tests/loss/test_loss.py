"""Nothing lost, nothing twice: writers that roll back and commit out of order, a server killed
five times, Postgres restarted under it all, and readers that come back with their last id; and the
same with two servers and a projector apart, which is killed, told to end and stopped while a
server is killed and Postgres restarted."""

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals
from types import MappingProxyType

import asyncpg
import pytest
from processes import STREAM, Message, Projector, Server, admin_token, follow, projecting

from classpulse.database.embedded.cluster import embedded
from classpulse.database.embedded.postmaster import Postmaster
from classpulse.database.install.migrate import migrate
from classpulse.project.verify import verify

WRITERS, TRANSACTIONS = 16, 500
KILLS = (0.1, 0.25, 0.4, 0.7, 0.85)
RESTART = 0.55
TRANSACTIONS_APART = 120
SEED = 20_251_122
# the truth: written in the same transaction as the change, so it is there if the change is
SCHOOL = """
    create table ledger (grade_id bigint, operation text, score numeric);
    insert into schools (id, name) values (1, 'School');
    insert into subjects (id, school_id, name) values (1, 1, 'Mathematics'), (2, 1, 'Art');
    insert into sections (id, school_id, name) values (1, 1, 'Class A'), (2, 1, 'Class B');
    insert into students (id, school_id, first_name) select n, 1, 'Student' from generate_series(1, 40) n;
    insert into enrollments (student_id, section_id) select n, 1 + n % 2 from generate_series(1, 40) n;
"""  # noqa: E501
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
Change = tuple[int, str, Decimal | None]


@dataclass
class Reader:
    """One curl after another, and what they got."""

    got: list[Message] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0

    def take(self, message: Message) -> None:
        if message.event == "ready":
            self.connections += 1
            self.opened.set()
        elif message.event != "heartbeat":
            self.got.append(message)

    def changes(self) -> list[Change]:
        return [
            (
                message.data["grade_data"]["grade_id"],
                message.data["operation"],
                None
                if message.data["operation"] == "delete"
                else Decimal(str(message.data["grade_data"]["score"])),
            )
            for message in self.got
        ]


@dataclass
class Work:
    """What the writers share: how far they are, and scores that are given once each."""

    url: str
    transactions: int = TRANSACTIONS
    done: int = 0
    disturbed: bool = False
    scores: "count[int]" = field(default_factory=lambda: count(1))

    async def reaches(self, share: float) -> None:
        while self.done < share * WRITERS * self.transactions:
            await asyncio.sleep(0.02)

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        while True:
            try:
                return await asyncpg.connect(self.url)
            except LOST:
                await asyncio.sleep(0.1)


async def write(work: Work, number: int) -> None:
    """So many transactions of one to three changes each, one in five rolled back; and more, until
    the last disturbance has been, so that each comes while others write."""
    draw = random.Random(SEED + number)
    connection = await work.connect()
    mark = f"writer {number}"
    own: list[int] | None = []
    wrote = 0
    while wrote < work.transactions or not work.disturbed:
        wrote += 1
        await asyncio.sleep(draw.uniform(0, 0.05))
        try:
            if own is None:
                found = await connection.fetch("select id from grades where remarks = $1", mark)
                own = [row["id"] for row in found]
            own = await transact(connection, work, draw, mark, own)
        except LOST:
            # whether the transaction was committed is for the ledger to say
            connection.terminate()
            connection, own = await work.connect(), None
        work.done += 1
    await connection.close()


async def transact(
    connection: "asyncpg.Connection[asyncpg.Record]",
    work: Work,
    draw: random.Random,
    mark: str,
    own: list[int],
) -> list[int]:
    """Returns the writer's own grades as they are after the transaction."""
    before, own = own, list(own)
    transaction = connection.transaction()
    await transaction.start()
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        operation = draw.choice(("insert", "insert", "update", "delete")) if own else "insert"
        score = None if operation == "delete" else Decimal(next(work.scores)) / 100
        if operation == "insert":
            grade = await connection.fetchval(
                "insert into grades (student_id, subject_id, score, remarks)"
                " values ($1, $2, $3, $4) returning id",
                draw.randint(1, 40),
                draw.randint(1, 2),
                score,
                mark,
            )
            own.append(grade)
        elif operation == "update":
            grade = draw.choice(own)
            await connection.execute("update grades set score = $2 where id = $1", grade, score)
        else:
            grade = own.pop(draw.randrange(len(own)))
            await connection.execute("delete from grades where id = $1", grade)
        await connection.execute("insert into ledger values ($1, $2, $3)", grade, operation, score)
        # the longer it stays open, the more others commit in between
        await asyncio.sleep(draw.choice((0, 0, 0.002, 0.03)))
    if draw.random() < 0.2:
        await transaction.rollback()
        return before
    await transaction.commit()
    return own


@asynccontextmanager
async def servers(
    url: str, logs: Path, steady: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[tuple[Server, Server]]:
    pair = Server(url, logs / "steady.log", settings=steady), Server(url, logs / "killed.log")
    try:
        for server in pair:
            server.start()
        for server in pair:
            await asyncio.to_thread(server.wait_until_ready)
        yield pair
    finally:
        for server in pair:
            await asyncio.to_thread(server.stop)


async def restart(work: Work, postmaster: Postmaster) -> None:
    """Stop Postgres, and return when it answers again: a process that uses it starts it. A command
    that begins in between rightly says that there is none, and ends."""
    await asyncio.to_thread(postmaster.stop)
    connection = await work.connect()
    await connection.close()


async def disturb(work: Work, server: Server, postmaster: Postmaster) -> int:
    """Kill the server where it hurts, stop Postgres once; how often that was."""
    disturbances = 0
    for share in sorted((*KILLS, RESTART)):
        await work.reaches(share)
        if share == RESTART:
            await restart(work, postmaster)
        else:
            server.kill()
            server.start()
            await asyncio.to_thread(server.wait_until_ready)
        disturbances += 1
    return disturbances


async def disturb_all(
    work: Work, projector: Projector, server: Server, postmaster: Postmaster
) -> int:
    """The projector killed, told to end, and stopped until its session has ended; a server killed
    and Postgres restarted in between; how often that was."""
    acts: tuple[tuple[float, Signals | Server | Postmaster], ...] = (
        (0.12, SIGKILL),
        (0.25, server),
        (0.4, SIGTERM),
        (0.55, SIGSTOP),
        (0.7, postmaster),
        (0.85, SIGKILL),
    )
    for share, act in acts:
        await work.reaches(share)
        assert projector.process is not None
        if isinstance(act, Server):
            act.kill()
            act.start()
            await asyncio.to_thread(act.wait_until_ready)
        elif isinstance(act, Postmaster):
            await restart(work, act)
        elif act is SIGSTOP:
            projector.process.send_signal(act)
            # its session ends after 5 s, and it comes to itself in the middle of a batch
            await asyncio.sleep(6)
            projector.process.send_signal(SIGCONT)
        else:
            projector.process.send_signal(act)
            await asyncio.to_thread(projector.process.wait, 10)
            led = projector.led()
            projector.start()
            # it gets the lead again from the server that had stepped in
            async with asyncio.timeout(20):
                while projector.led() == led:
                    await asyncio.sleep(0.05)
    return len(acts)


@asynccontextmanager
async def school(data_dir: Path) -> AsyncIterator[tuple[str, str]]:
    """Address and an admin's token, on Postgres's own settings: what it says is committed survives
    its restart."""
    async with embedded(data_dir) as postgres:
        await migrate(postgres.url)
        connection = await asyncpg.connect(postgres.url)
        assert await connection.fetchval("show fsync") == "on"
        await connection.execute(SCHOOL)
        token = await admin_token(connection)
        await connection.close()
        yield postgres.url, token


async def read_through(
    work: Work,
    token: str,
    routes: Sequence[Sequence[Server]],
    disturbing: Callable[[], Awaitable[int]],
) -> tuple[list[Reader], "Counter[Change]", int]:
    """Everybody writes and reads while something is disturbed: what was got, what was committed."""
    readers = [Reader() for _ in routes]
    following = [
        asyncio.create_task(follow([server.url + STREAM for server in route], token, reader.take))
        for route, reader in zip(routes, readers, strict=True)
    ]
    async with asyncio.timeout(20):
        for reader in readers:
            await reader.opened.wait()

    async def disturbed() -> int:
        try:
            return await disturbing()
        finally:
            work.disturbed = True

    disturbance = asyncio.ensure_future(disturbed())
    await asyncio.gather(*(write(work, number) for number in range(WRITERS)))
    disturbances = await disturbance

    connection = await asyncpg.connect(work.url)
    # a last change: whatever came twice or too late would be seen before it
    await connection.execute(
        "with last as (insert into grades (student_id, subject_id, score)"
        " values (1, 1, 0.005) returning id, score)"
        " insert into ledger select id, 'insert', score from last"
    )
    ledger = await connection.fetch("select grade_id, operation, score from ledger")
    committed = Counter(tuple(row.values()) for row in ledger)
    for reader in readers:
        await _complete(reader, len(ledger))
    await connection.close()
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    assert (await verify(work.url)).differences == []
    return readers, committed, disturbances


def assert_exactly_once(
    readers: Sequence[Reader],
    committed: "Counter[Change]",
    record_property: Callable[[str, object], None],
) -> None:
    record_property("changes committed", committed.total())
    record_property("readers", len(readers))
    lost = sum((committed - Counter(reader.changes())).total() for reader in readers)
    repeated = sum((Counter(reader.changes()) - committed).total() for reader in readers)
    record_property("lost", lost)
    record_property("repeated", repeated)
    for reader in readers:
        assert Counter(message.event for message in reader.got).keys() == {"grade_update"}
        assert Counter(reader.changes()) == committed
        positions = [message.data["position"] for message in reader.got]
        assert positions == sorted(set(positions))
        assert [message.id for message in reader.got] == [
            message.id for message in readers[0].got
        ], "one order for everybody"


@pytest.mark.reliability("kills and restarts under load")
async def test_each_committed_change_reaches_every_reader_exactly_once(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    # Not in tmp_path, whose parents another session of pytest may close to the user that Postgres
    # runs as.
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        async with school(data_dir) as (url, token), servers(url, tmp_path) as (steady, killed):
            work = Work(url)
            readers, committed, disturbances = await read_through(
                work,
                token,
                ((steady, killed), (killed, steady), (killed,)),
                lambda: disturb(work, killed, Postmaster(data_dir / "postgres")),
            )
    record_property("kills of a server", len(KILLS))
    record_property("restarts of Postgres", 1)
    assert disturbances == len(KILLS) + 1
    assert committed.total() > WRITERS * TRANSACTIONS * 0.8
    assert_exactly_once(readers, committed, record_property)
    # the one that has only the killed server to go to did come back again and again
    assert readers[-1].connections >= 3


@pytest.mark.reliability("kills of a projector apart under load")
async def test_so_it_does_with_two_servers_and_the_projector_apart(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    apart = {"CLASSPULSE_PROJECTOR": "apart"}
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        async with (
            school(data_dir) as (url, token),
            servers(url, tmp_path, apart) as (shows, steps_in),
        ):
            work = Work(url, TRANSACTIONS_APART)
            with projecting(url, tmp_path / "projector.log") as projector:
                readers, committed, disturbances = await read_through(
                    work,
                    token,
                    ((shows,), (steps_in,), (steps_in, shows)),
                    lambda: disturb_all(
                        work, projector, steps_in, Postmaster(data_dir / "postgres")
                    ),
                )
    record_property("disturbances beside a projector apart", disturbances)
    assert committed.total() > WRITERS * TRANSACTIONS_APART * 0.8
    assert_exactly_once(readers, committed, record_property)
    assert disturbances == 6


async def _complete(reader: Reader, expected: int) -> None:
    try:
        async with asyncio.timeout(15):
            while len(reader.got) < expected:
                await asyncio.sleep(0.05)
    except TimeoutError:
        pass  # the comparison says what is missing
