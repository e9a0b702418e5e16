"""What a batch left to do is done without a pause, also while no writer is about."""

import asyncio
import time
from typing import Any

import pytest

from classpulse.project.lock import leader_session
from classpulse.project.wake import State, Wake

BATCHES = 20


@pytest.mark.parametrize("state", [State.ASLEEP, State.SETTLING, State.DEAF, State.BUSY])
async def test_nobody_waits_while_there_is_more(database_url: str, state: State) -> None:
    async with leader_session(database_url) as session:
        wake = Wake(session)
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
        wake = Wake(session)
        await wake.start()
        wake.state = State.ASLEEP
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("classpulse.project.wake.ASLEEP_SECONDS", 0.05)
            await wake.wait(0, 0, 0.001)
        await wake.wait(0, 0, 0.001, more=True)
        await wake.wait(1, 0, 0.001, more=True)
        assert wake.found_late == 0


async def test_others_have_their_turn_meanwhile(database_url: str) -> None:
    async with leader_session(database_url) as session:
        wake = Wake(session)
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
