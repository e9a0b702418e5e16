"""What an update of a large school's overview weighs."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from event_log import until
from serve.live import Live, listening

SECTIONS = 667
PRINCIPAL = 3
SCHOOL = f"""
insert into schools (id, name, time_zone) values (1, 'Large', 'UTC');
insert into educators (id, school_id, email, full_name, role)
values ({PRINCIPAL}, 1, 'head@large.school', 'Head', 'principal');
insert into sections (id, school_id, name)
select n, 1, 'Class ' || n % 13 + 1 || '-' || n from generate_series(1, {SECTIONS}) as n;
insert into subjects (id, school_id, code, name)
select n, 1, 'S' || n, 'Subject ' || n from generate_series(1, 8) as n;
insert into students (id, school_id, student_number, first_name, last_name)
select n, 1, 'N' || n, 'First' || n, 'Last' || n from generate_series(1, {SECTIONS} * 3) as n;
insert into enrollments (student_id, section_id)
select n, n % {SECTIONS} + 1 from generate_series(1, {SECTIONS} * 3) as n;
insert into exams (id, section_id, subject_id, name)
select section * 8 + subject, section, subject + 1, 'Test'
from generate_series(1, {SECTIONS}) as section, generate_series(0, 7) as subject;
insert into grades (student_id, exam_id, score)
select student_id, section_id * 8 + student_id % 8, 40 + student_id % 50 from enrollments;
insert into attendance (student_id, section_id, date, status)
select student_id, section_id, current_date - 1, 'present' from enrollments;
"""


@pytest.fixture
async def live(database_url: str, connection: Any) -> AsyncIterator[Live]:
    await connection.execute(SCHOOL)
    async with listening(database_url) as live:
        await until(lambda: live.app.state.leader.leading, 20)
        await connection.execute("call performance_wait(timeout => '60 s')")
        written = await connection.fetchval("select position from classpulse.state")
        await until(lambda: live.hub.position >= written, 20)
        yield live


async def test_one_grade_among_667_sections_is_told_in_4_kilobytes(
    live: Live, connection: "asyncpg.Connection[Any]"
) -> None:
    async with live.stream("?types=performance_update", PRINCIPAL) as feed:
        first = await feed.until("performance_update", 20)
        assert first["totals"]["total_sections"] == SECTIONS
        assert first["truncated"] is True
        assert len(first["sections"]) == 100
        averages = [row["average_score"] for row in first["sections"]]
        assert averages == sorted(averages)
        assert len(feed.frames[-1]["data"]) <= 44_000
        # neither among the best nor among the weakest
        await connection.execute("update grades set score = 60 where student_id = 16")
        update = await feed.until("performance_update", 20)
        assert [row["section_id"] for row in update["sections"]] == [17]
        assert [row["subject_id"] for row in update["subjects"]] == [1]
        assert "top_performers" not in update
        assert len(feed.frames[-1]["data"]) <= 4_000
        # among the best: with the list that it moves
        await connection.execute("update grades set score = 99 where student_id = 16")
        update = await feed.until("performance_update", 20)
        assert update["top_performers"][0]["id"] == 16
        assert len(feed.frames[-1]["data"]) <= 6_000


async def test_more_than_100_sections_are_told_to_be_fetched(
    live: Live, connection: "asyncpg.Connection[Any]"
) -> None:
    async with live.stream("?types=performance_update", PRINCIPAL) as feed:
        await feed.until("performance_update", 20)
        await connection.execute("update grades set score = score + 1 where student_id <= 300")
        update = await feed.until("performance_update", 20)
        while not update.get("refetch"):
            update = await feed.until("performance_update", 20)
        assert update["sections"] == update["subjects"] == []
        assert len(feed.frames[-1]["data"]) <= 8_000
