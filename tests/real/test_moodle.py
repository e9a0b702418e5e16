"""A Moodle's tables: loaded as a database-side tool would, its grades replayed as they came."""

import asyncio
import contextlib
from pathlib import Path

import asyncpg
from processes import STREAM, Message, admin_token, curl, serving

from classpulse.project.verify import verify

from .conftest import stage

TABLES = ("course", "user", "user_enrolments", "role_assignments")
ITEMS = ("quiz", "quiz_grades", "assign", "assign_grades")
GRADES = 4420 + 2616
REPLAY = """
    insert into grades (external_id, student_id, exam_id, score, graded_on)
    values ($1, $2, $3, $4, $5)
    on conflict (student_id, exam_id) do update set score = excluded.score
    returning id, xmax::text = '0' as inserted
"""


async def test_seven_thousand_grades_arrive_once_each_in_the_order_they_were_given(
    database_url: str,
    connection: "asyncpg.Connection[asyncpg.Record]",
    real_data: Path,
    tmp_path: Path,
) -> None:
    await stage(
        connection, "moodle", [real_data / "moodle" / f"{name}.csv" for name in TABLES + ITEMS]
    )
    await connection.execute(Path(__file__).with_name("moodle.sql").read_text())
    token = await admin_token(connection)
    replay = await connection.fetch(
        "select graded.id, student.id as student, exam.id as exam, grade::numeric as score,"
        " timemodified::timestamptz::date as day"
        " from graded join students as student on student.external_id = userid"
        " join exams as exam on exam.external_id = graded.exam"
        " order by timemodified, graded.id"
    )
    assert len(replay) == GRADES

    with serving(database_url, tmp_path / "server.log") as server:
        await connection.execute("call performance_wait(timeout => '60 s')")
        arrived: list[Message] = []
        opened, complete = asyncio.Event(), asyncio.Event()
        expected = GRADES

        async def record() -> None:
            async with contextlib.aclosing(curl(server.url + STREAM, token)) as messages:
                async for message in messages:
                    if message.event == "ready":
                        opened.set()
                    elif message.event != "heartbeat":
                        arrived.append(message)
                        if len(arrived) >= expected:
                            complete.set()

        recording = asyncio.create_task(record())
        async with asyncio.timeout(10):
            await opened.wait()
        statement = await connection.prepare(REPLAY)
        written = []
        for grade in replay:
            row = await statement.fetchrow(*grade.values())
            assert row is not None
            if row["inserted"]:
                written.append(row["id"])
        # one quiz grade is in the export twice: the second writes what is there already
        assert len(written) == GRADES - 1
        # a last change, so that an event too many would be seen before it
        last = await connection.fetchval(
            "update grades set score = score + 1 where id = $1 returning id", written[0]
        )
        async with asyncio.timeout(60):
            await complete.wait()
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)

    assert {message.event for message in arrived} == {"grade_update"}
    assert [message.data["grade_data"]["grade_id"] for message in arrived] == [*written, last]
    positions = [message.data["position"] for message in arrived]
    assert positions == sorted(set(positions))
    assert (await verify(database_url)).differences == []
