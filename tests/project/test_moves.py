"""What a row left is told to those who asked for it, and to nobody who may not see it."""

from decimal import Decimal
from typing import Any

import pytest
from event_log import Reader, publishing, reading

from classpulse.events import Scope
from classpulse.publish.publisher import Publisher
from classpulse.publish.subscriber import EventFilter
from project.batches import SCHOOL, Log, seen_in

pytestmark = pytest.mark.reliability("what a row left")
ALL = Scope(everything=True)
ONE = Scope(sections=frozenset({1}))
TWO = Scope(sections=frozenset({2}))
BOTH = Scope(sections=frozenset({1, 2}))
GRADE = "insert into grades (id, student_id, exam_id, score) values (9, 1, 1, 80)"


@pytest.fixture
async def log(connection: Any) -> Log:
    await connection.execute(SCHOOL + GRADE)
    await connection.execute(
        "insert into grades (id, student_id, section_id, subject_id, score)"
        " values (8, 1, 1, 1, 70), (7, 2, 2, 1, 10)"
    )
    log = Log(connection)
    await log.fold()
    return log


async def replayed(url: str, since: str, scope: Scope, **wanted: set[int]) -> list[dict[str, Any]]:
    """What a stream gets of the log since an id, once from the log and once from the ring."""
    filters = EventFilter(**{name: frozenset(ids) for name, ids in wanted.items()})
    async with publishing(url) as publisher:
        from_ring = await _read(publisher, since, scope, filters)
        publisher.hub.ring.restart(publisher.position)
        from_log = await _read(publisher, since, scope, filters)
    assert from_ring == from_log
    return from_ring


async def _read(
    publisher: Publisher, since: str, scope: Scope, event_filter: EventFilter
) -> list[dict[str, Any]]:
    reader: Reader
    async with reading(publisher, scope, since=since, event_filter=event_filter) as reader:
        return [event for event in reader.events if event["type"] not in ("ready", "heartbeat")]


async def test_a_grade_that_moves_to_another_student_is_told_to_both(
    log: Log, database_url: str
) -> None:
    since = await log.connection.fetchval("select epoch || '-' || position from classpulse.state")
    await log.connection.execute(
        "begin; insert into attendance (student_id, section_id, date, status)"
        " values (1, 1, '2026-01-05', 'present');"
        " update grades set student_id = 3 where id = 9; commit"
    )
    events = await log.fold()
    assert {e["type"] for e in events} == {"attendance_update", "grade_update"}
    (grade,) = [e for e in events if e["type"] == "grade_update"]
    assert grade["grade_data"]["student_id"] == 3
    assert grade["grade_data"]["previous_student_id"] == 1
    previous = grade["performance_data"]["previous"]
    assert (previous["student"]["id"], previous["student"]["average_score"]) == (1, 70)
    assert previous["student_subject"]["percentage"] == 70
    for student in (1, 3):
        got = await replayed(database_url, since, ALL, students={student})
        assert [e["grade_data"]["grade_id"] for e in got if "grade_data" in e] == [9]
    assert [
        e for e in await replayed(database_url, since, ALL, students={2}) if "grade_data" in e
    ] == []


async def test_a_grade_that_moves_to_another_subject_or_exam_tells_the_figures_of_both(
    log: Log, database_url: str
) -> None:
    since = await log.connection.fetchval("select epoch || '-' || position from classpulse.state")
    await log.connection.execute("update grades set subject_id = 2, exam_id = 2 where id = 9")
    (grade,) = await log.fold()
    told = grade["grade_data"]
    assert (told["subject_id"], told["previous_subject_id"]) == (2, 1)
    assert (told["exam_id"], told["previous_exam_id"]) == (2, 1)
    previous = grade["performance_data"]["previous"]
    assert (previous["subject"]["subject_id"], previous["subject"]["average_score"]) == (1, 70)
    assert (previous["exam"]["exam_id"], previous["exam"]["graded"]) == (1, 0)
    assert grade["performance_data"]["subject"]["average_score"] == 80
    for subject in (1, 2):
        assert len(await replayed(database_url, since, ALL, subjects={subject})) == 1


async def test_who_sees_one_side_of_a_move_learns_nothing_of_the_other(
    log: Log, database_url: str
) -> None:
    since = await log.connection.fetchval("select epoch || '-' || position from classpulse.state")
    await log.connection.execute(
        "update grades set student_id = 3, section_id = 2, subject_id = 2 where id = 8"
    )
    await log.fold()
    (new,) = await replayed(database_url, since, TWO)
    assert new["operation"] == "update"
    assert not [key for key in new["grade_data"] if key.endswith("_id") and "previous" in key]
    assert "also" not in new
    (old,) = await replayed(database_url, since, ONE)
    assert (old["operation"], old["grade_data"]["student_id"]) == ("delete", 1)
    assert (old["grade_data"]["section_id"], old["grade_data"]["subject_id"]) == (1, 1)
    (both,) = await replayed(database_url, since, BOTH)
    told = both["grade_data"]
    assert (told["student_id"], told["section_id"], told["subject_id"]) == (3, 2, 2)
    assert told["previous_student_id"] == told["previous_section_id"] == 1
    assert told["previous_subject_id"] == 1
    assert [part["operation"] for part in both["also"]] == ["delete"]
    # filters go by what is seen
    assert await replayed(database_url, since, TWO, students={1}) == []
    assert await replayed(database_url, since, TWO, subjects={1}) == []
    assert await replayed(database_url, since, ONE, students={3}) == []
    for scope, students in ((ONE, {1}), (TWO, {3}), (BOTH, {1}), (BOTH, {3})):
        assert len(await replayed(database_url, since, scope, students=students)) == 1


async def test_an_attendance_row_that_moves_is_told_to_the_student_it_left(
    log: Log, database_url: str
) -> None:
    await log.connection.execute(
        "insert into attendance (id, student_id, section_id, date, status) values"
        " (5, 1, 1, '2026-01-05', 'absent'), (6, 1, 1, '2026-01-06', 'present'),"
        " (7, 4, 1, '2026-01-06', 'present')"
    )
    await log.fold()
    since = await log.connection.fetchval("select epoch || '-' || position from classpulse.state")
    await log.connection.execute("update attendance set student_id = 3 where id = 5")
    (moved,) = await log.fold()
    assert moved["attendance_data"]["previous_student_id"] == 1
    assert moved["performance_data"]["previous"]["student"]["attendance_percentage"] == 100
    for student in (1, 3):
        assert len(await replayed(database_url, since, ALL, students={student})) == 1
    since = moved["id"]
    await log.connection.execute(
        "update attendance set student_id = 4, section_id = 2 where id = 5"
    )
    (moved,) = await log.fold()
    assert seen_in(moved, 1)["attendance_data"]["student_id"] == 3
    assert seen_in(moved, 1)["operation"] == "delete"
    assert seen_in(moved, 2)["attendance_data"]["student_id"] == 4
    assert len(await replayed(database_url, since, ONE, students={3})) == 1
    assert await replayed(database_url, since, ONE, students={4}) == []


async def test_an_exam_that_moves_tells_what_it_left(log: Log, database_url: str) -> None:
    since = await log.connection.fetchval("select epoch || '-' || position from classpulse.state")
    await log.connection.execute("update exams set subject_id = 2 where id = 1")
    exam, *_ = await log.fold()
    assert (exam["type"], exam["exam_data"]["previous_subject_id"]) == ("exam_updated", 1)
    assert exam["performance_data"]["previous"]["subject"]["subject_id"] == 1
    got = await replayed(database_url, since, ALL, subjects={1})
    assert [e["type"] for e in got] == ["exam_updated", "grade_update"]
    await log.connection.execute("update exams set section_id = 2 where id = 1")
    await log.fold()
    got = await replayed(database_url, since, BOTH)
    assert got[-2]["exam_data"]["previous_section_id"] == 1
    assert got[-1]["grade_data"]["previous_section_id"] == 1


async def test_an_enrollment_that_moves_is_one_event_of_both_sections(
    log: Log, database_url: str
) -> None:
    await log.connection.execute("delete from enrollments where student_id = 10 and section_id = 2")
    await log.fold()
    since = await log.connection.fetchval("select epoch || '-' || position from classpulse.state")
    await log.connection.execute("update enrollments set section_id = 2 where student_id = 10")
    (event,) = await log.fold()
    assert (event["event"], event["section_ids"]) == ("student_moved", [2, 1])
    for scope, told in (
        (BOTH, ("student_moved", [2, 1])),
        (TWO, ("student_joined", [2])),
        (ONE, ("student_left", [1])),
    ):
        (got,) = await replayed(database_url, since, scope)
        assert (got["event"], sorted(got["section_ids"])) == (told[0], sorted(told[1]))


async def test_a_standing_that_a_move_left_counts_as_told_once(log: Log) -> None:
    await log.connection.execute("update grades set student_id = 3 where id = 9")
    assert [e["type"] for e in await log.fold()] == ["grade_update"]


@pytest.mark.parametrize("status", ["excused", "missing", "pending"])
async def test_a_grade_that_does_not_count_is_told_without_percentage_and_letter(
    log: Log, status: str
) -> None:
    await log.connection.execute("update grades set status = $1 where id = 9", status)
    (event,) = await log.fold()
    told = event["grade_data"]
    assert (told["status"], told["score"]) == (status, 80)
    assert (told["percentage"], told["letter"]) == (None, None)
    await log.connection.execute("update grades set status = 'graded' where id = 9")
    (event,) = await log.fold()
    assert (event["grade_data"]["percentage"], event["grade_data"]["letter"]) == (80, "B")


async def test_a_composed_event_keeps_every_digit(log: Log, database_url: str) -> None:
    since = await log.connection.fetchval("select epoch || '-' || position from classpulse.state")
    score = Decimal("80.12345678901234567890")
    await log.connection.execute("update grades set section_id = 2, score = $1 where id = 8", score)
    (event,) = await log.fold()
    assert event["parts"]["2"]["grade_data"]["score"] == score
    async with publishing(database_url) as publisher:
        for scope in (BOTH, TWO, ALL):
            async with reading(publisher, scope, since=since) as reader:
                assert str(score).encode() in reader.frames[-1]
