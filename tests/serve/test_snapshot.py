"""A connection for an answer: what it is set to, and in which state it is given back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
import asyncpg
import debian_servers
import pytest

from classpulse.serve.problems import AWAY
from classpulse.serve.snapshot import Pool, Reader, open_pool, snapshot

SETTINGS = """
select
    current_setting('jit') as jit,
    current_setting('statement_timeout') as statement_timeout,
    current_setting('row_security') as row_security,
    current_setting('plan_cache_mode') as plan_cache_mode,
    current_setting('transaction_isolation') as isolation,
    current_setting('transaction_read_only') as read_only
"""
EXPECTED = {
    "jit": "off",
    "statement_timeout": "15s",
    "row_security": "off",
    "plan_cache_mode": "force_custom_plan",
    "isolation": "repeatable read",
    "read_only": "on",
}
SESSION = "select pg_backend_pid() as pid, now() as begun"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool of one connection: what somebody leaves behind on it the next one meets."""
    async with open_pool(database_url, pooled=False, max_size=1) as pool:
        yield pool


async def settings_of(pool: Pool) -> Any:
    async with snapshot(pool) as reader:
        return await reader.only(SETTINGS)


async def test_a_snapshot_is_set_up_for_reading(pool: Pool) -> None:
    assert await settings_of(pool) == EXPECTED


async def test_behind_a_pooler_it_is_as_well(database_url: str) -> None:
    with debian_servers.pgbouncer(database_url) as pooled:
        async with open_pool(pooled, pooled=True) as pool:
            assert await settings_of(pool) == EXPECTED


async def test_an_address_chooses_for_itself(database_url: str) -> None:
    url = f"{database_url}?options=-c%20statement_timeout%3D7s"
    async with open_pool(url, pooled=False) as pool:
        assert await settings_of(pool) == EXPECTED | {"statement_timeout": "7s"}


async def test_the_parts_of_an_answer_are_of_one_moment(pool: Pool) -> None:
    async with snapshot(pool) as whole:
        first = await whole.only(SESSION)
        async with snapshot(whole) as part:
            assert part is whole
            assert await part.only(SESSION) == first


async def test_what_several_parts_ask_is_read_once(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with snapshot(pool) as reader:
        first = await reader.once("select clock_timestamp() as now, cast(:a as int[]) as a", a=[1])
        assert (
            await reader.once("select clock_timestamp() as now, cast(:a as int[]) as a", a=[1])
            == first
        )
        other = await reader.once("select clock_timestamp() as now, cast(:a as int[]) as a", a=[2])
        assert other["now"] > first["now"]
    async with snapshot(pool) as reader:
        again = await reader.once("select clock_timestamp() as now, cast(:a as int[]) as a", a=[1])
        assert again["now"] > first["now"]


async def _fails(reader: Reader) -> None:
    await reader.only("select 1 / 0 as x")


async def _writes(reader: Reader) -> None:
    await reader.one("insert into schools (name) values ('A')")


async def _is_lost(reader: Reader) -> None:
    await reader.one("select pg_terminate_backend(pg_backend_pid())")


async def _is_cut_off(reader: Reader) -> None:
    async with asyncio.timeout(0.2):
        await reader.one("select pg_sleep(60)")


async def test_a_scope_that_is_cancelled_leaves_no_transaction(pool: Pool) -> None:
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: said.append(told))
    for statement in ("select 1", "select pg_sleep(60)"):
        with anyio.move_on_after(0.5):
            async with snapshot(pool) as reader:
                await reader.one(statement)
                await anyio.sleep_forever()
        assert await settings_of(pool) == EXPECTED
    asyncio.get_running_loop().set_exception_handler(None)
    assert said == []


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (_fails, asyncpg.DivisionByZeroError),
        (_writes, asyncpg.ReadOnlySQLTransactionError),
        (_is_lost, AWAY),
        (_is_cut_off, TimeoutError),
    ],
)
async def test_whatever_happens_in_it_the_next_one_has_a_clean_connection(
    pool: Pool, act: Any, error: Any
) -> None:
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: said.append(told))
    for _ in range(2):
        with pytest.raises(error):
            async with snapshot(pool) as reader:
                await act(reader)
        assert await settings_of(pool) == EXPECTED
    asyncio.get_running_loop().set_exception_handler(None)
    assert said == []


async def test_one_who_leaves_while_it_begins_leaves_no_transaction(pool: Pool) -> None:
    async def begins() -> None:
        async with snapshot(pool) as reader:
            await reader.one("select 1")

    for delay in range(20):
        task = asyncio.create_task(begins())
        await asyncio.sleep(delay / 5000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await settings_of(pool) == EXPECTED
