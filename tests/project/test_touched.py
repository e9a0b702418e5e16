"""What a batch writes and asks for: what the change moved, and nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from classpulse.project import batch
from classpulse.project.batch import project
from classpulse.project.epoch import open_log
from classpulse.project.leader import leader_session
from classpulse.project.verify import verify
from project.batches import SCHOOL

GRADES = """
insert into grades (student_id, section_id, subject_id, score)
select n, s, subject, 50 + n
from generate_series(1, 10) as n, generate_series(1, 2) as s, generate_series(1, 2) as subject;
insert into attendance (student_id, section_id, date, status)
select n, section, '2026-01-05', 'present'
from generate_series(1, 10) as n, generate_series(1, 2) as section;
"""
#: every cached row by its place, which an update moves
PLACES = """
select 'figures of section ' || section_id || coalesce(', subject ' || subject_id, '') as row, ctid
from performance_cache
union all
select format('standing of student %s in section %s', student_id, section_id), ctid
from student_performance_summaries
union all
select format('subject %s of student %s in section %s', subject_id, student_id, section_id), ctid
from classpulse.subject_standings
"""
GRADE = "update grades set score = 99 where student_id = 3 and section_id = 1 and subject_id = 2"
REMARK = "update grades set remarks = 'Well done' where student_id = 3 and section_id = 1"
REGISTER = "update attendance set status = 'absent' where student_id = 3 and section_id = 1"
NOTE = "update attendance set remarks = 'Bus' where student_id = 3 and section_id = 1"
ROLL = "update enrollments set roll_number = 4 where student_id = 3 and section_id = 1"


@pytest.fixture
async def session(database_url: str, connection: Any) -> AsyncIterator[Any]:
    """A leader's, with a school whose figures are up to date."""
    await connection.execute(SCHOOL + GRADES)
    async with leader_session(database_url) as session:
        await drained(session)
        yield session


async def drained(session: Any) -> int:
    """The events of what waits."""
    cursor = await open_log(session)
    before = cursor.position
    while (await project(session, cursor)).written:
        pass
    return cursor.position - before


async def written(connection: Any, session: Any, change: str) -> set[str]:
    """The cached rows that a change made a batch write; it is told in any case."""
    before = dict(await connection.fetch(PLACES))
    await connection.execute(change)
    assert await drained(session) > 0
    after = dict(await connection.fetch(PLACES))
    return {row for row in after if after[row] != before.get(row)}


async def test_a_grade_moves_its_subject_and_its_standing(
    database_url: str, connection: Any, session: Any
) -> None:
    assert await written(connection, session, GRADE) == {
        "figures of section 1",
        "figures of section 1, subject 2",
        "standing of student 3 in section 1",
        "subject 2 of student 3 in section 1",
    }


async def test_an_attendance_row_moves_no_subject(
    database_url: str, connection: Any, session: Any
) -> None:
    assert await written(connection, session, REGISTER) == {
        "figures of section 1",
        "standing of student 3 in section 1",
    }


@pytest.mark.parametrize("change", [REMARK, NOTE, ROLL])
async def test_what_moves_no_figure_is_told_and_not_calculated(
    database_url: str, connection: Any, session: Any, change: str
) -> None:
    assert await written(connection, session, change) == set()


async def test_a_whole_day_moves_each_of_the_students_standings(
    database_url: str, connection: Any, session: Any
) -> None:
    day = "insert into attendance (student_id, date, status) values (3, '2026-01-06', 'late')"
    assert await written(connection, session, day) == {
        f"figures of section {section}" for section in (1, 2)
    } | {f"standing of student 3 in section {section}" for section in (1, 2)}


async def test_the_first_and_the_last_of_a_subject_make_and_remove_it(
    database_url: str, connection: Any, session: Any
) -> None:
    subjects = "select array_agg(subject_id order by subject_id) from performance_cache"
    subjects += " where section_id = 2 and subject_id is not null"
    await connection.execute("insert into subjects (id, school_id, name) values (3, 1, 'Art')")
    grade = "insert into grades (student_id, section_id, subject_id, score) values (1, 2, 3, 70)"
    await connection.execute(grade)
    await drained(session)
    assert await connection.fetchval(subjects) == [1, 2, 3]
    # another one comes as the last one goes
    await connection.execute("update grades set student_id = 2 where subject_id = 3")
    await drained(session)
    assert await connection.fetchval(subjects) == [1, 2, 3]
    await connection.execute("delete from grades where subject_id = 3")
    await drained(session)
    assert await connection.fetchval(subjects) == [1, 2]
    await connection.execute(
        "insert into exams (id, section_id, subject_id, name) values (9, 2, 3, 'Draw')"
    )
    await drained(session)
    assert await connection.fetchval(subjects) == [1, 2, 3]
    await connection.execute("update exams set subject_id = 1 where id = 9")
    await drained(session)
    assert await connection.fetchval(subjects) == [1, 2]
    session.terminate()
    assert (await verify(database_url)).differences == []


async def test_the_same_standing_by_several_ways_is_counted_once(
    database_url: str, connection: Any, session: Any
) -> None:
    """A grade, the whole student, and the section as a bulk change, in one batch."""
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score) values (3, 1, 1, 10);"
        "update students set is_active = false where id = 3;"
        "update students set is_active = true where id = 3;"
        "insert into attendance (student_id, date, status) values (3, '2026-01-06', 'absent');"
        "insert into grades (student_id, section_id, subject_id, score)"
        " select 1 + n % 10, 1, 1, n % 100 from generate_series(1, 510) as n;"
        "update grades set score = 20 where student_id = 3 and score = 10"
    )
    await drained(session)
    session.terminate()
    assert (await verify(database_url)).differences == []


async def test_a_batch_says_whether_the_next_has_work_at_once(
    connection: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stale sections are marked in one batch and worked off a few at a time."""
    monkeypatch.setattr(batch, "STALE_STANDINGS", 5)
    cursor = await open_log(session)
    await connection.execute(GRADE)
    assert not (await project(session, cursor)).more
    await connection.execute("update grading_policies set pass_mark = 61")
    outcomes = [await project(session, cursor) for _ in range(4)]
    # marked, the first section, the second one, nothing
    assert [outcome.more for outcome in outcomes] == [True, True, False, False]
    assert [outcome.written > 0 for outcome in outcomes] == [True, True, True, False]
    # a section without figures is not marked
    await connection.execute("insert into sections (id, school_id, name) values (3, 1, 'New')")
    assert not (await project(session, cursor)).more
