"""A term that the clock turns over is told once, to everybody whom it concerns."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from clocks import zone_where_midnight_is_in
from leaders import leading

from classpulse.project.batch import project
from classpulse.project.epoch import open_log
from project.batches import SCHOOL, Log

pytestmark = pytest.mark.reliability("terms that turn over")

TERMS = """
update schools set time_zone = '{zone}' where id = 1;
insert into terms (id, school_id, name, starts_on, ends_on)
select 1, 1, 'First', today - 30, today from (select timezone('{zone}', now())::date) as d (today)
union all
select 2, 1, 'Second', today + 1, today + 30
from (select timezone('{zone}', now())::date) as d (today);
update sections set term_id = id;
insert into sections (id, school_id, name) values (3, 1, 'always');
insert into schools (id, name) values (2, 'Elsewhere');
insert into terms (id, school_id, name, starts_on, ends_on)
values (3, 2, 'Long', current_date - 300, current_date + 300);
insert into sections (id, school_id, name, term_id) values (4, 2, 'theirs', 3);
"""


async def turns(connection: Any) -> list[Any]:
    rows = await connection.fetch(
        "select school_id, section_ids from classpulse.events"
        " where type = 'figures_changed' and payload::json ->> 'reason' = 'term'"
        " order by position"
    )
    return [(row["school_id"], row["section_ids"]) for row in rows]


async def told(connection: Any, seconds: float) -> list[Any]:
    async with asyncio.timeout(seconds):
        while not (found := await turns(connection)):
            await asyncio.sleep(0.1)
    return found


async def test_midnight_turns_a_term_without_a_write(database_url: str, connection: Any) -> None:
    await connection.execute(SCHOOL + TERMS.format(zone=zone_where_midnight_is_in(8)))
    async with leading(database_url):
        assert await turns(connection) == []
        assert await told(connection, 20) == [(1, [1, 2])]
        is_turned = await connection.fetchval(
            "select array_agg(section_id order by section_id) from classpulse.current_sections"
        )
        assert is_turned == [2, 3, 4]
        await asyncio.sleep(1.5)
        assert len(await turns(connection)) == 1


async def test_a_leader_that_slept_over_midnight_tells_it_late_and_once(
    database_url: str, connection: Any
) -> None:
    await connection.execute(SCHOOL + TERMS.format(zone=zone_where_midnight_is_in(4)))
    async with leading(database_url):
        await connection.execute("call performance_wait(timeout => '10 s')")
    await asyncio.sleep(5)
    assert await turns(connection) == []
    for _ in range(2):
        async with leading(database_url):
            assert await told(connection, 10) == [(1, [1, 2])]
            await asyncio.sleep(1.5)
    assert await turns(connection) == [(1, [1, 2])]


@pytest.fixture
async def log(connection: Any) -> Log:
    await connection.execute(SCHOOL + TERMS.format(zone="UTC"))
    log = Log(connection)
    await log.fold()
    return log


async def passes(connection: Any, sql: str) -> None:
    """As if the clock had done it: without a word of the tables that are captured."""
    await connection.execute(f"begin; {sql}; delete from classpulse.changes; commit")
    await connection.execute("update classpulse.state set next_turn = now()")


async def test_the_next_look_is_at_the_next_midnight_that_may_turn_a_term(log: Log) -> None:
    rows = await log.connection.fetchrow(
        "select next_turn, current_date::timestamptz + interval '1 day' as midnight"
        " from classpulse.state"
    )
    # an hour before, in case that midnight comes twice
    assert 0 <= (rows["midnight"] - rows["next_turn"]).total_seconds() <= 3600
    cursor = await open_log(log.connection)
    assert (await project(log.connection, cursor)).written == 0


async def test_each_school_turns_by_its_own_clock(log: Log) -> None:
    await passes(
        log.connection,
        "update terms set starts_on = current_date - 1, ends_on = current_date + 9 where id = 2;"
        " update terms set ends_on = current_date - 2 where id = 1",
    )
    (event,) = await log.fold()
    assert (event["type"], event["reason"], event["section_ids"]) == (
        "figures_changed",
        "term",
        [1, 2],
    )
    assert event["row"]["school_id"] == 1
    assert await log.fold() == []


async def test_a_term_without_sections_is_told_to_the_school(log: Log) -> None:
    await log.connection.execute("update sections set term_id = null")
    await log.fold()
    await passes(
        log.connection,
        "update terms set starts_on = current_date - 1 where id = 2;"
        " update terms set ends_on = current_date - 2 where id = 1",
    )
    (event,) = await log.fold()
    assert (event["section_ids"], event["row"]["school_id"]) == ([], 1)


async def test_an_edit_of_the_terms_is_told_as_what_it_is_and_swallows_no_other_turn(
    log: Log,
) -> None:
    await log.connection.execute(
        "insert into terms (id, school_id, name, starts_on, ends_on)"
        " values (5, 2, 'Next', current_date + 301, current_date + 400)"
    )
    await log.fold()
    await log.connection.execute(
        "begin; update terms set starts_on = current_date - 1 where id = 2;"
        " update terms set ends_on = current_date - 2 where id = 1;"
        " delete from classpulse.changes;"
        " update terms set ends_on = current_date + 200 where id = 3; commit"
    )
    await log.connection.execute("update classpulse.state set next_turn = now()")
    events = await log.fold()
    assert {(e["reason"], e["row"]["school_id"]) for e in events} == {("structure", 2), ("term", 1)}
    await log.connection.execute("update terms set ends_on = current_date - 5 where id = 3")
    assert [e["reason"] for e in await log.fold()] == ["structure"]
    assert await log.fold() == []


@pytest.mark.parametrize(
    ("zone", "day", "turn"),
    [
        # no midnight there: the clock goes from 23:59:59 to 01:00
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00:00+00"),
        # midnight comes twice: at 01:00 the clock goes back to 00:00
        ("America/Havana", "2026-11-01", "2026-11-01 04:00:00+00"),
        ("Pacific/Apia", "2026-03-01", "2026-02-28 11:00:00+00"),
    ],
)
async def test_one_of_the_two_looks_is_the_first_moment_of_a_day_whatever_the_clocks_do(
    connection: Any, zone: str, day: str, turn: str
) -> None:
    found = await connection.fetchval(
        "select min(at) from (select timezone($1, $2::text::date::timestamp) as midnight) as m"
        " cross join lateral (values (midnight), (midnight - interval '1 hour')) as look (at)"
        " where timezone($1, at)::date = $2::text::date",
        zone,
        day,
    )
    assert found == datetime.fromisoformat(turn)


@pytest.mark.reliability("one row that can't be handled")
async def test_a_school_whose_time_zone_is_unknown_goes_by_utc_and_stops_no_other(
    database_url: str, connection: Any
) -> None:
    # as after an upgrade of the system's time zones, or a restore without the check
    await connection.execute("alter table schools drop constraint schools_time_zone_is_known")
    await connection.execute(SCHOOL + TERMS.format(zone=zone_where_midnight_is_in(8)))
    await connection.execute("update schools set time_zone = 'Mars/Olympus' where id = 2")
    async with leading(database_url):
        await connection.execute("update terms set name = 'Longer' where id = 3")
        assert await told(connection, 20) == [(1, [1, 2])]
        await connection.execute("call performance_wait(timeout => '10 s')")
        assert await connection.fetchval("select set_aside from performance_status") == 0
    current = await connection.fetch(
        "select section_id from classpulse.current_sections order by section_id"
    )
    assert [row["section_id"] for row in current] == [2, 3, 4]


@pytest.mark.reliability("one row that can't be handled")
async def test_terms_without_a_beginning_or_an_end_stop_nobody(
    database_url: str, connection: Any
) -> None:
    await connection.execute(
        "do $$ declare one record; begin"
        " for one in select conname from pg_constraint"
        " where conrelid = 'terms'::regclass and contype = 'c'"
        " loop execute format('alter table terms drop constraint %I', one.conname); end loop;"
        " end $$"
    )
    await connection.execute(SCHOOL + TERMS.format(zone=zone_where_midnight_is_in(8)))
    await connection.execute(
        "insert into terms (id, school_id, name, starts_on, ends_on) values"
        " (11, 2, 'Ever', '-infinity', 'infinity'), (12, 2, 'Never', 'infinity', '-infinity'),"
        " (13, 2, 'Old', '4000-01-01 BC', '3000-01-01 BC'),"
        " (14, 2, 'Last', current_date, '5874897-12-31')"
    )
    async with leading(database_url):
        assert await told(connection, 20) == [(1, [1, 2])]
        await connection.execute("call performance_wait(timeout => '10 s')")
