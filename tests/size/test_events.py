"""What the log costs at 1,000,000 kept events: as much as is read or removed of it, and no more."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import pytest

from classpulse.project.lock import SESSION
from classpulse.sql import queries
from tests.conftest import Cluster

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

LEADER, PUBLISH, HISTORY = queries("leader"), queries("publish"), queries("history")
#: eight days of 125,000 events, a partition each
DAYS, A_DAY, WIDTH = 8, 125_000, 1_000_000_000
NEWEST = (DAYS - 1) * WIDTH + A_DAY
#: the section of one event in 2,500; all others are spread over 2,000 sections
SECTION = 5000
STUDENT = 77
LOG = f"""
do $$
begin
    drop table classpulse.events_0, classpulse.events_1, classpulse.events_2,
        classpulse.event_sections_0, classpulse.event_sections_1, classpulse.event_sections_2;
    for day in 0..{DAYS - 1} loop
        create table classpulse.filled (like classpulse.events including defaults);
        insert into classpulse.filled (
            position, at, logged_at, type, event, school_id, section_ids, student_id, payload
        )
        select
            day * {WIDTH}::bigint + n, at, at,
            case when n % 500 = 0 then '_canary' else 'grade_update' end, 'grade_updated', 1,
            case
                when n % 500 = 0 then '{{}}'
                when n % 2500 = 1 then array[{SECTION}]
                when n % 3 = 0 then array[n % 2000, (n + 1) % 2000]
                else array[n % 2000]
            end,
            case when n % 500 > 0 then n % 10000 end, '{{}}'
        from generate_series(1, {A_DAY}) as n
        cross join lateral (
            select date_trunc('day', now() at time zone 'utc') at time zone 'utc'
                - make_interval(days => {DAYS - 1} - day) + make_interval(secs => n * 0.01) as at
        ) as moment;
        create table classpulse.listed (like classpulse.event_sections);
        insert into classpulse.listed (section_id, position, type)
        select section_id, position, type
        from classpulse.filled as event
        cross join lateral unnest(event.section_ids) as section_id;
        -- indexes are built at once by this
        execute format(
            'alter table classpulse.filled rename to events_%1$s;'
            'alter table classpulse.events attach partition classpulse.events_%1$s'
            ' for values from (%2$s) to (%3$s);'
            'alter table classpulse.listed rename to event_sections_%1$s;'
            'alter table classpulse.event_sections attach partition classpulse.event_sections_%1$s'
            ' for values from (%2$s) to (%3$s)',
            day, day * {WIDTH}::bigint, (day + 1) * {WIDTH}::bigint
        );
    end loop;
    update classpulse.state set position = {NEWEST};
    analyze classpulse.events, classpulse.event_sections;
end
$$
"""


@pytest.fixture(scope="module")
def large_log(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a database whose log holds 1,000,000 events."""
    name = cluster.create(template)

    async def fill() -> None:
        connection = await asyncpg.connect(cluster.url_of(name))
        await connection.execute(LOG)
        await connection.close()

    cluster.portal.call(fill)
    yield cluster.url_of(name)
    cluster.drop(name)


@pytest.fixture
async def log(large_log: str) -> AsyncIterator[Connection]:
    """A connection with the settings of the leader's, which keeps one plan for all values; what
    a test does is undone."""
    connection = await asyncpg.connect(large_log, server_settings=SESSION)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


def literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        value = "{" + ",".join(map(str, value)) + "}"
    return f"'{value}'"


async def cost(log: Connection, statement: str, *values: object, named: Any = None) -> int:
    """The buffers that a statement touches, with its values as parameters."""
    if named is not None:
        names = sorted(set(re.findall(r"(?<![:\w]):([a-z_]+)", statement)))
        statement = re.sub(
            r"(?<![:\w]):([a-z_]+)", lambda match: f"${names.index(match[1]) + 1}", statement
        )
        values = tuple(named[name] for name in names)
        # as the pool of the requests has it
        await log.execute("set plan_cache_mode = force_custom_plan; set enable_seqscan = on")
    await log.execute(f"prepare it as {statement}")
    given = f"({', '.join(map(literal, values))})" if values else ""
    (plan,) = json.loads(
        await log.fetchval(f"explain (analyze, buffers, format json) execute it{given}")
    )
    await log.execute("deallocate it")
    top = plan["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


THEIRS = {
    "sections": [SECTION],
    "school_id": None,
    "educator_id": 1,
    "everything": False,
    "types": ["grade_update", "attendance_update", "roster_update", "bulk_update"],
}


async def test_a_clean_up_with_nothing_to_remove_reads_no_log(log: Connection) -> None:
    assert await cost(log, LEADER["look_at_log"], NEWEST, "30 days", 86400) < 200
    assert await cost(log, LEADER["forget_events"], "30 days", "1 day") < 200


async def test_a_clean_up_touches_the_events_that_it_removes(log: Connection) -> None:
    await log.execute("update classpulse.events set logged_at = '-infinity' where position <= 100")
    assert await cost(log, LEADER["forget_events"], "30 days", "1 day") < 100 * 60
    assert await log.fetchval("select min(position) from classpulse.events") == 101
    assert await log.fetchval("select kept_from from classpulse.state") == 101
    assert not await log.fetchval(
        "select count(*) from classpulse.event_sections where position <= 100"
    )


async def test_proofs_of_life_go_without_a_look_at_the_other_events(log: Connection) -> None:
    canaries = DAYS * A_DAY // 500
    assert await cost(log, LEADER["forget_machinery"], 0, NEWEST) < canaries * 8
    assert await log.fetchval("select count(*) from classpulse.events") == DAYS * A_DAY - canaries


async def test_a_day_past_the_retention_is_dropped_unread(log: Connection) -> None:
    found = await log.fetchrow(LEADER["look_at_log"], NEWEST, timedelta(days=6), 86400.0)
    assert found["has_old"]
    assert await cost(log, LEADER["shorten_log"], "6 days") < 5000
    assert await log.fetchval("select min(position) from classpulse.events") == WIDTH + 1
    assert await log.fetchval("select kept_from from classpulse.state") == A_DAY + 1


async def test_the_newest_of_a_teacher_are_found_without_those_of_others(log: Connection) -> None:
    page = HISTORY["page_of_sections"]
    few = {**THEIRS, "before": NEWEST + 1, "limit": 201}
    assert await cost(log, page, named=few) < 2500
    assert await cost(log, page, named={**few, "sections": list(range(10))}) < 6000
    assert await cost(log, HISTORY["kept"], named={}) < 100


async def test_a_replay_of_one_section_reads_none_of_the_others(log: Connection) -> None:
    replay = PUBLISH["replay_of_sections"]
    assert await cost(log, replay, 0, NEWEST, [SECTION], None, 1, 200) < 2500
    newer = 6 * WIDTH
    assert await cost(log, replay, newer, NEWEST, [SECTION], None, 1, 200) < 1500


async def test_a_replay_of_a_whole_school_reads_a_page_at_a_time(log: Connection) -> None:
    replay = PUBLISH["replay_events"]
    theirs = (0, NEWEST, False, list(range(3333)), 1, 1, 200, 1000)
    assert await cost(log, replay, *theirs) < 500
    nobodys = (0, NEWEST, False, [9999] * 3333, 1, 1, 200, 1000)
    assert await cost(log, replay, *nobodys) < 2500


async def test_the_next_events_are_read_of_the_partition_that_holds_them(log: Connection) -> None:
    assert await cost(log, PUBLISH["read_events"], NEWEST - 10, 200) < 60


async def test_a_students_changes_are_found_without_those_of_others(log: Connection) -> None:
    mine = {**THEIRS, "student_id": STUDENT, "everything": True, "limit": 10}
    assert await cost(log, HISTORY["of_a_student"], named=mine) < 300
