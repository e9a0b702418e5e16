"""What a batch left to do is done without a pause, also while no writer is about."""

import asyncio
import time
from typing import Any

import pytest
from leaders import leading

from classpulse.project.lock import leader_session
from classpulse.project.pacing import Pacing, State

BATCHES = 20


@pytest.mark.parametrize("state", [State.ASLEEP, State.FALLING_ASLEEP, State.POLLING, State.BUSY])
async def test_nobody_waits_while_there_is_more(database_url: str, state: State) -> None:
    async with leader_session(database_url) as session:
        wake = Pacing(session)
        await wake.start()
        wake.state = state
        began = time.monotonic()
        for _ in range(BATCHES):
            # far below the snapshots of now: it settles no further
            await wake.wait(0, 0, 0.001, more=True)
        assert time.monotonic() - began < 0.5
        assert wake.state is state


async def test_what_was_found_on_the_way_was_not_found_late(database_url: str) -> None:
    async with leader_session(database_url) as session:
        wake = Pacing(session)
        await wake.start()
        wake.state = State.ASLEEP
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("classpulse.project.pacing.ASLEEP_SECONDS", 0.05)
            await wake.wait(0, 0, 0.001)
        await wake.wait(0, 0, 0.001, more=True)
        await wake.wait(1, 0, 0.001, more=True)
        assert wake.found_late == 0


async def test_others_have_their_turn_meanwhile(database_url: str) -> None:
    async with leader_session(database_url) as session:
        wake = Pacing(session)
        await wake.start()
        wake.state = State.ASLEEP
        turns = 0

        async def other() -> Any:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        for _ in range(BATCHES):
            await wake.wait(0, 0, 0.001, more=True)
        task.cancel()
        assert turns >= BATCHES


async def test_sections_of_a_changed_policy_do_not_wait_for_each_other(
    database_url: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a batch takes one section
    monkeypatch.setattr("classpulse.project.batch.STALE_STANDINGS", 1)
    await connection.execute(
        "insert into schools (id, name) values (1, 'School');"
        "insert into sections (id, school_id, name)"
        f" select n, 1, 'A' from generate_series(1, {BATCHES}) n;"
        "insert into students (id, school_id, first_name) values (1, 1, 'P');"
        "insert into enrollments (student_id, section_id)"
        f" select 1, n from generate_series(1, {BATCHES}) n"
    )
    async with leading(database_url):
        await connection.execute("call performance_wait(timeout => '20 s')")
        # until it sleeps
        await asyncio.sleep(1.5)
        began = time.monotonic()
        await connection.execute(
            "insert into grading_policies (school_id, pass_mark) values (1, 70)"
        )
        await connection.execute("call performance_wait(timeout => '60 s')")
        # with a pause of a second after each it took twenty
        assert time.monotonic() - began < BATCHES / 4
