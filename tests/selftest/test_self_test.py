"""What the self-test takes from a stream."""

from collections.abc import AsyncIterator

import pytest

from classpulse.selftest.client import Message
from classpulse.selftest.self_test import CheckFailedError, _next


async def feed(*events: str) -> AsyncIterator[Message]:
    for event in events:
        yield Message(event, event, {})


async def test_a_step_passes_over_events_of_other_kinds() -> None:
    messages = feed("ready", "roster_update", "figures_changed", "exam_created", "grade_update")
    assert (await _next(messages, "exam_created")).event == "exam_created"
    assert (await _next(messages, "grade_update", "attendance_update")).event == "grade_update"


async def test_a_step_is_told_of_a_reset_and_of_the_end() -> None:
    with pytest.raises(CheckFailedError, match="was reset"):
        await _next(feed("ready", "reset", "exam_created"), "exam_created")
    with pytest.raises(CheckFailedError, match="ended the stream"):
        await _next(feed("roster_update"), "exam_created")
