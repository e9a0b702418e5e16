"""What the leader hands over is what it wrote into the log."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from classpulse.events import Batch, Event
from classpulse.project.leader import Leader
from classpulse.publish.reader import read_events

CHANGES = [
    "insert into schools (id, name) values (1, 'School')",
    "insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B')",
    "insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths')",
    "insert into students (id, school_id, first_name) values (1, 1, 'Zoë “Ω”'), (2, 1, 'P2')",
    "insert into enrollments (student_id, section_id) values (1, 1), (1, 2), (2, 1)",
    "insert into exams (id, section_id, subject_id, name) values (1, 1, 1, 'Mid-term')",
    "insert into grades (id, student_id, exam_id, score) values (9001, 1, 1, 77.5)",
    "update grades set score = 80, remarks = 'a' where id = 9001",
    "update grades set student_id = 2 where id = 9001",
    # of a whole day: an event with parts
    "insert into attendance (student_id, date, status) values (1, '2025-10-20', 'absent')",
    "update exams set name = 'Final' where id = 1",
    "update students set last_name = 'New' where id = 1",
    "delete from enrollments where student_id = 1 and section_id = 2",
    "insert into grading_policies (school_id, pass_mark) values (1, 70)",
    "insert into educators (id, school_id, email, full_name) values (1, 1, 'a@b.c', 'A')",
    "insert into grades (student_id, section_id, subject_id, score)"
    " select 2, 1, 1, 50 from generate_series(1, 600)",
    "delete from grades where id = 9001",
]


def plain(event: Event) -> dict[str, Any]:
    fields = msgspec.structs.asdict(event)
    if event.parts is not None:
        fields["parts"] = {section: bytes(raw) for section, raw in event.parts.items()}
    return fields


@contextlib.asynccontextmanager
async def offering(url: str) -> Any:
    offers: list[Batch] = []
    leader = Leader(url, retention=timedelta(days=7), offer=offers.append)
    task = asyncio.create_task(leader.run())
    try:
        yield offers
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_each_event_is_handed_over_as_it_is_read(database_url: str, connection: Any) -> None:
    async with offering(database_url) as offers:
        for change in CHANGES:
            await connection.execute(change)
            await connection.execute("call performance_wait(timeout => '10 s')")
    page = await read_events(connection, 0, 10_000)
    assert page.epoch == offers[-1].epoch
    assert page.as_of_time == offers[-1].as_of_time
    handed = [event for batch in offers for event in batch.events]
    assert [plain(event) for event in handed] == [plain(event) for event in page.events]
    assert any(event.parts for event in handed)
    assert any(event.former_student_id for event in handed)
    # each goes on where the one before ended
    position = 0
    for batch in offers:
        assert batch.after == position
        position = batch.events[-1].position


async def test_a_proof_of_life_goes_by_the_log_alone(database_url: str, connection: Any) -> None:
    async with offering(database_url) as offers:
        await connection.execute(CHANGES[0])
        await connection.execute("insert into classpulse.canaries (process, beat) values ('a', 1)")
        await connection.execute("call performance_wait(timeout => '10 s')")
    assert not any(event.type == "_canary" for batch in offers for event in batch.events)
    assert offers[-1].events == []


@pytest.mark.parametrize("count", [999, 1001])
async def test_more_than_a_slice_is_read_from_the_log(
    database_url: str, connection: Any, count: int
) -> None:
    async with offering(database_url) as offers:
        for change in CHANGES[:5]:
            await connection.execute(change)
        await connection.execute("call performance_wait(timeout => '10 s')")
        del offers[:]
        await connection.execute(
            f"do $$ begin for n in 1..{count} loop insert into grades (student_id, section_id,"
            " subject_id, score) values (2, 1, 1, 50); end loop; end $$"
        )
        await connection.execute("call performance_wait(timeout => '20 s')")
    (batch,) = offers
    assert len(batch.events) == (count if count <= 1000 else 0)
