"""A statement may be of any size; what one batch carries is bounded, in rows and in bytes."""

import tracemalloc
from typing import Any

import pytest

from classpulse.project import batch
from classpulse.project.batch import project
from classpulse.project.epoch import open_log
from classpulse.project.lock import leader_session
from classpulse.project.verify import verify

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 500) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 500) as n;
insert into enrollments values (1, 2);
"""
GRADES = """
insert into grades (student_id, section_id, subject_id, score)
select n, 1, 1, 50 from generate_series(1, 500) as n
"""
MB = 2**20


async def drained(session: Any) -> None:
    cursor = await open_log(session)
    while (await project(session, cursor)).written:
        pass


@pytest.mark.reliability("very large texts")
async def test_changes_of_many_bytes_are_folded_and_their_texts_are_not_carried(
    database_url: str, connection: Any
) -> None:
    await connection.execute(SCHOOL)
    await connection.execute(GRADES)
    async with leader_session(database_url) as session:
        await drained(session)
    for number in range(10):
        await connection.execute(
            "update grades set score = $1::int, remarks = repeat(md5($1::int::text), 200)",
            number,
        )
    waiting = await connection.fetchval(
        "select sum(pg_column_size(old)) + sum(pg_column_size(new)) from classpulse.changes"
    )
    assert waiting > batch.LARGE_BYTES
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score) values (1, 2, 1, 90)"
    )
    # a session of its own: a leader's that is silent as long as the writes may take is ended
    async with leader_session(database_url) as session:
        cursor = await open_log(session)
        tracemalloc.start()
        try:
            outcome = await project(session, cursor)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert outcome.taken == 2
        assert peak < 8 * MB
    assert (await verify(database_url)).differences == []
    told = await connection.fetch(
        "select section_ids, type from classpulse.events"
        " where position > $1 and not starts_with(type, '_')",
        cursor.position - outcome.written,
    )
    assert {(row["section_ids"][0], row["type"]) for row in told} == {
        (1, "bulk_update"),
        (2, "bulk_update"),
    }


@pytest.mark.reliability("very large texts")
async def test_events_are_written_a_few_megabytes_at_a_time(
    database_url: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = batch._Batch._write_slice

    async def counted(self: Any, rows: list[Any]) -> None:
        sizes.append(sum(len(row[9]) + len(row[10] or "") for row in rows))
        await write(self, rows)

    monkeypatch.setattr(batch._Batch, "_write_slice", counted)
    monkeypatch.setattr(batch, "SLICE_BYTES", MB // 4)
    await connection.execute(SCHOOL)
    async with leader_session(database_url) as session:
        await drained(session)
        sizes.clear()
        await connection.execute(GRADES)
        await connection.execute("update grades set remarks = repeat('long ', 400)")
        await drained(session)
        told = await connection.fetchval(
            "select count(*) from classpulse.events where type = 'grade_update'"
        )
    assert told == 1000
    assert max(sizes) < MB // 4 + 20_000
    assert sum(sizes) > MB
