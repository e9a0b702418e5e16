"""A server that projects itself sends what it wrote without reading it again."""

import asyncio
import contextlib
from typing import Any

import pytest

from classpulse.publish import publisher
from serve.live import listening


@pytest.mark.parametrize("projector", ["inside", "apart"])
async def test_a_change_costs_no_read_of_the_log_where_it_was_projected(
    school_url: str, tool: Any, monkeypatch: pytest.MonkeyPatch, projector: str
) -> None:
    reads = 0
    real = publisher.read_events

    async def counted(*arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        return await real(*arguments)

    monkeypatch.setattr(publisher, "read_events", counted)
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(listening(school_url))
        async with asyncio.timeout(10):
            while not server.app.state.leader.leading:
                await asyncio.sleep(0.01)
        if projector == "apart":
            server = await stack.enter_async_context(listening(school_url, projector="apart"))
        assert (server.app.state.leader is None) is (projector == "apart")
        async with server.stream() as feed:
            await feed.until("ready")
            await asyncio.sleep(0.5)
            reads = 0
            got = []
            for number in range(20):
                await tool.execute(
                    "insert into grades (student_id, section_id, subject_id, score)"
                    " values (12, 1, 1, $1)",
                    number,
                )
                got.append(await feed.until("grade_update"))
            assert [event["grade_data"]["score"] for event in got] == list(range(20))
            assert [event["performance_data"]["student"]["graded_count"] for event in got] == [
                got[0]["performance_data"]["student"]["graded_count"] + n for n in range(20)
            ]
            if projector == "apart":
                assert reads >= 20
            else:
                # proofs of life, the slow poll, and now and then a notification that came first
                assert reads <= 8
