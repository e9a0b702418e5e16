"""The log becomes partitioned under open streams, and under a projector of the version before."""

import asyncio

import asyncpg
import pytest
from event_log import publishing, reading, until

from classpulse.database.install import scripts
from classpulse.database.install.migrate import migrate
from classpulse.events import Scope
from classpulse.project.batch import project
from classpulse.project.epoch import open_log

KEPT = 100_000
LOG = f"""
insert into classpulse.events (position, at, type, event, school_id, section_ids, payload)
select
    n, now(), 'grade_update', 'grade_updated', 1,
    case n % 4 when 0 then array[1] when 1 then array[1, 2] when 2 then array[3] else '{{}}' end,
    format('{{"type":"grade_update","id":"%s-%s","position":%s}}', state.epoch, n, n)
from generate_series(1, {KEPT}) as n, classpulse.state as state;
update classpulse.state
set position = {KEPT}, identity = classpulse.database_identity();
"""
#: what a projector of the version before does in a batch
WRITE = """
with moved as (
    update classpulse.state set position = position + 1 where version = 'before'
    returning epoch, position
), told as (
    select pg_notify('classpulse_events', '') from moved
)
insert into classpulse.events (position, at, type, event, school_id, section_ids, payload)
select
    position, clock_timestamp(), 'grade_update', 'grade_updated', 1, array[1],
    format('{"type":"grade_update","id":"%s-%s","position":%s}', epoch, position, position)
from moved, told
returning position
"""
LISTED = """
select count(*) from (
    (
        select section.id, event.position
        from classpulse.events as event
        cross join lateral unnest(event.section_ids) as section (id)
        except
        select section_id, position from classpulse.event_sections
    )
    union all
    (
        select section_id, position from classpulse.event_sections
        except
        select section.id, event.position
        from classpulse.events as event
        cross join lateral unnest(event.section_ids) as section (id)
    )
) as differing
"""


@pytest.mark.reliability("a routine act stops what is live")
async def test_an_upgrade_of_the_log_loses_nothing_and_resumes_go_on_across_it(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        migrations = [one for one in scripts.migrations() if "/0016_" not in one.file]
        functions = [one for one in scripts.functions() if "_log" not in one.file]
        triggers = [one for one in scripts.triggers() if one.file != "triggers/events.sql"]
        patch.setattr(scripts, "functions", lambda: functions)
        patch.setattr(scripts, "migrations", lambda: migrations)
        patch.setattr(scripts, "triggers", lambda: triggers)
        patch.setattr(scripts, "version", lambda: "before")
        await migrate(empty_database_url)
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(LOG)
    epoch = await connection.fetchval("select epoch from classpulse.state")
    writer = await asyncpg.connect(empty_database_url)

    async def project_on() -> None:
        while await writer.fetchval(WRITE):
            await asyncio.sleep(0.002)

    async with (
        publishing(empty_database_url) as publisher,
        reading(publisher, Scope(everything=True)) as reader,
    ):
        writing = asyncio.create_task(project_on())
        await until(lambda: len(reader.positions) > 20)
        done = await migrate(empty_database_url)
        assert [name for name in done.migrations if name.startswith("0016_")]
        await writing
        cursor = await open_log(connection)
        assert cursor.epoch == epoch
        await connection.execute("insert into schools (name) values ('School')")
        await project(connection, cursor)
        newest = await connection.fetchval("select position from classpulse.state")
        await until(lambda: publisher.position == newest)
        assert newest == cursor.position
        assert reader.positions == list(range(KEPT + 1, newest))
        assert "reset" not in reader.types()

        # ids from before hold, for those who see all and those who see a section
        old = KEPT - 5000
        publisher.hub.ring.restart(newest)
        async with reading(publisher, Scope(everything=True), since=f"{epoch}-{old}") as resumed:
            assert resumed.positions == list(range(old + 1, newest))
        theirs = Scope(sections=frozenset({2, 1}))
        async with reading(publisher, theirs, since=f"{epoch}-{old}") as resumed:
            assert resumed.positions == [
                n for n in range(old + 1, newest) if n > KEPT or n % 4 in {0, 1}
            ]

    assert await connection.fetchval(LISTED) == 0
    left = "select count(*) from pg_trigger where tgrelid = 'classpulse.events'::regclass"
    assert await connection.fetchval(left) == 0
    assert await connection.fetchval("select count(*) from classpulse.properties") == 0
    await writer.close()
    await connection.close()
