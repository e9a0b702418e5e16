"""Many moments to come, on one timer."""

import asyncio

import pytest
import uvloop

from classpulse.publish.deadlines import Deadlines


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_moment_that_has_come_is_no_obstacle_to_those_that_come(loop) -> None:
    """A stream whose token ends within the minute is told at once, and ended later."""

    async def ring() -> list[str]:
        deadlines, rung = Deadlines(), []
        for seconds, name in ((-50.0, "warned"), (0.01, "ended"), (-1.0, "warned too")):
            deadlines.after(seconds, lambda name=name: rung.append(name))
        await asyncio.sleep(0.1)
        return rung

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(ring()) == ["warned", "warned too", "ended"]
