"""Random writes while sections become impossible to calculate and possible again: the figures of
all others stay what brute force says they are, and in the end everybody's."""

import asyncio
import contextlib
import os
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classpulse.project.batch import project
from classpulse.project.epoch import open_log
from project.oracle import base_rows, cached, differences, expected_figures
from project.test_every_figure import AUDIT, RESET, SESSIONS, Writers, own_statement

EXAMPLES = int(os.environ.get("CLASSPULSE_TEST_EXAMPLES", "60")) // 2
REFUSING = """
create table public.poison (section_id bigint primary key);
create function public.refuse() returns trigger language plpgsql as $$
begin
    if exists (select from public.poison where section_id = new.section_id) then
        raise exception 'not this one';
    end if;
    return new;
end $$;
create trigger refuse before insert or update on student_performance_summaries
for each row execute function public.refuse();
"""
step = st.one_of(
    own_statement,
    own_statement,
    own_statement,
    st.tuples(st.just("poison"), st.integers(1, 3)),
    st.tuples(st.just("heal"), st.integers(1, 3)),
    st.just(("project", 0)),
    st.just(("retry", 0)),
)


async def run(url: str, steps: list[Any]) -> None:
    async with contextlib.AsyncExitStack() as stack:
        connections = []
        for _ in range(SESSIONS + 1):
            connection = await asyncpg.connect(url, server_settings={"lock_timeout": "30ms"})
            stack.push_async_callback(connection.close)
            connections.append(connection)
        *writing, own = connections
        await own.execute("set lock_timeout = 0")
        if await own.fetchval("select to_regclass('public.poison') is null"):
            await own.execute(AUDIT + REFUSING)
        await own.execute("truncate public.poison, classpulse.set_aside")
        await own.execute(RESET)
        cursor = await open_log(own)
        writers = Writers(writing)
        for what, argument in [*steps, ("project", 0), ("heal", None), ("retry", 0)]:
            if what == "poison":
                await own.execute("insert into poison values ($1) on conflict do nothing", argument)
            elif what == "heal":
                await own.execute(
                    "delete from poison where coalesce($1, section_id) = section_id", argument
                )
            elif what in ("project", "retry"):
                await writers.finish()
                if what == "retry":
                    await own.execute("update classpulse.set_aside set retry_at = now()")
                while (await project(own, cursor)).written:
                    pass
                await check_figures(own)
            else:
                await writers.do(what, *argument)
        assert await own.fetchval("select count(*) from classpulse.set_aside") == 0
        positions = await own.fetch("select position from classpulse.events order by position")
        numbers = [row["position"] for row in positions]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def check_figures(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Of all sections but those set aside, and only sections that can't be calculated are."""
    records = await connection.fetch("select section_id from classpulse.set_aside")
    aside = {record["section_id"] for record in records}
    expected = expected_figures(await base_rows(connection))
    found = await cached(connection)
    standings = [
        {key: value for key, value in side[0].items() if key[1] not in aside}
        for side in (expected, found)
    ]
    figures = [
        {key: value for key, value in side[1].items() if key[0] not in aside}
        for side in (expected, found)
    ]
    assert differences(*standings) == []
    assert differences(*figures) == []


@pytest.mark.reliability("one row that can't be handled")
@settings(
    max_examples=EXAMPLES,
    derandomize=bool(os.environ.get("CI")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step, min_size=5, max_size=50))
def test_every_figure_of_the_others_is_what_brute_force_says(
    database_url: str, steps: list[Any]
) -> None:
    asyncio.run(run(database_url, steps))
