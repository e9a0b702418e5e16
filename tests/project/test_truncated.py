"""A truncated table beside other changes leaves nothing of what it ended."""

from typing import Any

from classpulse.project.verify import verify
from project.batches import SCHOOL, Log


async def test_of_enrollments_truncated_beside_a_day_no_subject_is_left(
    connection: Any, database_url: str
) -> None:
    await connection.execute(SCHOOL)
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score) values (1, 2, 1, 70)"
    )
    log = Log(connection)
    await log.fold()
    assert await connection.fetchval("select count(*) from classpulse.subject_standings") == 1
    # the day alone ends the standing in this batch, the truncated table is worked off in the next
    await connection.execute(
        "begin; insert into attendance (student_id, date, status) values (1, '2026-01-05', 'late');"
        " truncate enrollments; commit"
    )
    await log.fold()
    assert await connection.fetchval("select count(*) from classpulse.subject_standings") == 0
    subjects = await connection.fetch(
        "select section_id, subject_id from performance_cache where subject_id is not null"
    )
    assert sorted(map(tuple, subjects)) == [(1, 1), (1, 2)], "those that have an exam"
    assert (await verify(database_url)).differences == []
