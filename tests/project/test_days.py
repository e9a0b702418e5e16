"""A day that begins at a school makes items due and registers expected, without a write."""

import asyncio
import json
from typing import Any

import pytest
from clocks import zone_where_midnight_is_in
from leaders import leading

from classpulse.project import batch
from classpulse.project.batch import project
from classpulse.project.epoch import open_log
from project.batches import SCHOOL, Log

pytestmark = pytest.mark.reliability("days that begin")

#: tomorrow there is school, and an item of section 1 is due; of section 2 the term is over
TOMORROW = """
update schools set time_zone = '{zone}' where id = 1;
insert into terms (id, school_id, name, starts_on, ends_on)
select 1, 1, 'Over tonight', today - 30, today
from (select timezone('{zone}', now())::date) as d (today);
update sections set term_id = 1 where id = 2;
update exams set due_on = today + 1
from (select timezone('{zone}', now())::date) as d (today) where id = 1;
insert into school_days (school_id, date) select 1, today + n
from (select timezone('{zone}', now())::date) as d (today), generate_series(-3, 1) as n;
insert into schools (id, name) values (2, 'Elsewhere');
insert into sections (id, school_id, name) values (4, 2, 'theirs');
insert into school_days (school_id, date) values (2, current_date - 5);
"""


async def coverage(connection: Any, section: int) -> tuple[Any, ...]:
    """Due and marked items, registers expected and taken."""
    found = json.loads(
        await connection.fetchval(
            "select coverage from classpulse.section_figures where section_id = $1", section
        )
    )
    return tuple(found.values())[:4]


async def told_by_the_clock(connection: Any) -> list[Any]:
    rows = await connection.fetch(
        "select school_id, section_ids from classpulse.events where type = 'figures_changed'"
        " and payload::json ->> 'reason' = 'calendar' order by position"
    )
    return [(row["school_id"], row["section_ids"]) for row in rows]


async def settled(connection: Any) -> None:
    await connection.execute("call performance_wait(timeout => '20 s')")
    await connection.execute("delete from classpulse.events")


async def wait_until_told(connection: Any, seconds: float) -> list[Any]:
    async with asyncio.timeout(seconds):
        while not (found := await told_by_the_clock(connection)):
            await asyncio.sleep(0.1)
    return found


async def test_midnight_makes_an_item_due_and_a_register_expected(
    database_url: str, connection: Any
) -> None:
    async with leading(database_url):
        await connection.execute(SCHOOL + TOMORROW.format(zone=zone_where_midnight_is_in(12)))
        await settled(connection)
        assert await coverage(connection, 1) == (0, 0, 4, 0)
        assert await coverage(connection, 2) == (0, 0, 4, 0)
        assert await wait_until_told(connection, 25) == [(1, [1])]
        assert await coverage(connection, 1) == (1, 0, 5, 0)
        assert await coverage(connection, 2) == (0, 0, 4, 0)
        await asyncio.sleep(1.5)
        assert len(await told_by_the_clock(connection)) == 1


async def test_a_leader_that_slept_over_midnight_tells_the_day_late_and_once(
    database_url: str, connection: Any
) -> None:
    await connection.execute(SCHOOL + TOMORROW.format(zone=zone_where_midnight_is_in(6)))
    async with leading(database_url):
        await settled(connection)
    await asyncio.sleep(7)
    assert await told_by_the_clock(connection) == []
    for _ in range(2):
        async with leading(database_url):
            assert await wait_until_told(connection, 10) == [(1, [1])]
            await asyncio.sleep(1.5)
    assert await told_by_the_clock(connection) == [(1, [1])]


@pytest.fixture
async def log(connection: Any) -> Log:
    await connection.execute(SCHOOL + TOMORROW.format(zone="Etc/GMT+12"))
    log = Log(connection)
    await log.fold()
    return log


async def turn(log: Log, zone: str) -> list[dict[str, Any]]:
    """The school's clock is elsewhere, and nobody wrote it; what is told of it."""
    await log.connection.execute(
        f"begin; update schools set time_zone = '{zone}' where id = 1;"
        " delete from classpulse.changes; commit"
    )
    await log.connection.execute("update classpulse.state set next_day = now(), next_turn = now()")
    return [event for event in await log.fold() if event.get("reason") != "term"]


#: from noon on one of them is a day ahead of the other, and before noon two days
EAST = "Pacific/Kiritimati"


async def test_a_day_comes_and_goes_with_the_clock(log: Log) -> None:
    connection = log.connection
    assert await coverage(connection, 1) == (0, 0, 4, 0)
    (event,) = await turn(log, EAST)
    assert (event["type"], event["reason"], event["section_ids"]) == (
        "figures_changed",
        "calendar",
        [1],
    )
    assert await coverage(connection, 1) == (1, 0, 5, 0)
    unmarked = "select count(*) from classpulse.unmarked"
    assert await connection.fetchval(unmarked) == 10
    assert await turn(log, EAST) == []
    (event,) = await turn(log, "Etc/GMT+12")
    assert event["section_ids"] == [1]
    assert await coverage(connection, 1) == (0, 0, 4, 0)
    assert await connection.fetchval(unmarked) == 0


async def test_the_next_look_is_at_the_next_midnight_of_any_school(log: Log) -> None:
    row = await log.connection.fetchrow(
        "select next_day, now() as now, (select min(turn) from ("
        " select timezone(time_zone, (timezone(time_zone, now())::date + 1)::timestamp) as turn"
        " from schools) as midnight) as midnight from classpulse.state"
    )
    assert row["next_day"] > row["now"]
    # an hour before, in case that midnight comes twice
    assert 0 <= (row["midnight"] - row["next_day"]).total_seconds() <= 3600
    cursor = await open_log(log.connection)
    assert (await project(log.connection, cursor)).written == 0


async def test_a_calendar_concerns_the_sections_of_its_school(log: Log) -> None:
    events = await told(
        log, "insert into school_days (school_id, date) values (1, current_date - 9)"
    )
    assert events == [("calendar", [1, 2])]
    assert await coverage(log.connection, 1) == (0, 0, 5, 0)
    # a day that says the same, or is none of the past, changes no figure
    assert await told(log, "update school_days set kind = 'half' where school_id = 1") == []
    assert (
        await told(log, "insert into school_days (school_id, date) values (1, current_date + 200)")
        == []
    )
    assert await told(log, "update school_days set kind = kind") == []
    assert await told(
        log,
        "update school_days set kind = 'holiday' where school_id = 1 and date = current_date - 9",
    ) == [("calendar", [1, 2])]
    assert await coverage(log.connection, 1) == (0, 0, 4, 0)
    assert await told(log, "truncate school_days") == [("calendar", [1, 2]), ("calendar", [4])]
    assert await coverage(log.connection, 1) == (0, 0, None, 0)


async def told(log: Log, sql: str) -> list[Any]:
    await log.connection.execute(sql)
    return [(event["reason"], event["section_ids"]) for event in await log.fold()]


async def test_a_term_that_ends_sooner_concerns_its_sections(log: Log) -> None:
    await log.connection.execute("update terms set ends_on = starts_on + 28")
    events = await log.fold()
    assert [event["section_ids"] for event in events if event["reason"] == "calendar"] == [[2]]
    assert (await coverage(log.connection, 2))[2] == 2
    assert (await coverage(log.connection, 1))[2] == 4


async def test_a_large_school_is_turned_in_steps(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "STALE_STANDINGS", 1)
    await log.connection.execute(
        "insert into sections (id, school_id, name) select n, 1, 'S' || n"
        " from generate_series(11, 15) as n"
    )
    await log.fold()
    events = await turn(log, EAST)
    assert {event["reason"] for event in events} == {"calendar"}
    assert sorted(section for event in events for section in event["section_ids"]) == [
        1, 11, 12, 13, 14, 15,
    ]  # fmt: skip
    assert len(events) > 2
    assert await log.connection.fetchval("select count(*) from classpulse.stale_days") == 0


async def test_an_item_that_is_made_due_later_is_due_no_more(log: Log) -> None:
    connection = log.connection
    await connection.execute(
        "update exams set exam_date = current_date - 9 where id = 2;"
        " insert into grades (student_id, exam_id, score)"
        " select n, 2, 5 from generate_series(1, 9) as n"
    )
    await log.fold()
    assert await coverage(connection, 1) == (1, 0, 4, 0)
    await connection.execute(
        "insert into grades (student_id, exam_id, status) values (10, 2, 'missing')"
    )
    await log.fold()
    assert await coverage(connection, 1) == (1, 1, 4, 0)
    await connection.execute("update exams set due_on = current_date + 9 where id = 2")
    events = await log.fold()
    assert await coverage(connection, 1) == (0, 0, 4, 0)
    # the exam's own event tells the section; what students have marked is to be fetched again
    assert [event["type"] for event in events] == ["exam_updated", "figures_changed"]


async def test_students_are_chronically_absent_by_the_days_so_far(log: Log) -> None:
    connection = log.connection
    chronic = (
        "select chronically_absent from student_performance_summaries"
        " where student_id = 1 and section_id = 1"
    )
    await connection.execute(
        """
        insert into school_days (school_id, date)
        select 1, timezone('Etc/GMT+12', now())::date - n from generate_series(0, 8) as n
        on conflict do nothing;
        insert into attendance (student_id, section_id, date, period, status)
        select 1, 1, timezone('Etc/GMT+12', now())::date - 2, n, s
        from unnest(array['absent', 'excused', 'present', 'late']) with ordinality as p (s, n);
        """
    )
    await log.fold()
    # half of the sessions of one day, of 9 school days
    assert await coverage(connection, 1) == (0, 0, 9, 1)
    assert await connection.fetchval(chronic) is False
    # the tenth begins
    await turn(log, EAST)
    assert await coverage(connection, 1) == (1, 0, 10, 1)
    assert await connection.fetchval(chronic) is True
    await connection.execute("update attendance set status = 'late' where period = 2")
    await log.fold()
    assert await connection.fetchval(chronic) is False
