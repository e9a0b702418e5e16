"""An outage is said once, and what was waiting for its end is not forgotten."""

import asyncio
import logging
from collections.abc import Collection
from typing import Any

import pytest
from event_log import until

from classpulse.events import Scope
from classpulse.outage import Outage
from classpulse.publish import overviews
from classpulse.publish.deadlines import Deadlines
from classpulse.publish.deaf import CONNECTION_BYTES, Deaf
from classpulse.publish.hub import Hub
from classpulse.publish.overviews import Overviews
from classpulse.publish.reading import Reading
from classpulse.publish.subscriber import EventFilter, Message, Subscriber
from classpulse.rights import Rights

OVERVIEW = EventFilter(types=frozenset({"performance_update"}))


def text(message: Message) -> bytes:
    return message.data.encode()


def reader(section: int) -> Subscriber:
    scope = Scope(sections=frozenset({section}))
    return Subscriber(scope, educator_id=section, encode=text, event_filter=OVERVIEW)


async def no_rights(educator_ids: Collection[int]) -> dict[int, Rights]:
    return {}


@pytest.mark.reliability("an outage that floods the log")
async def test_an_outage_is_one_line_for_all_scopes_and_one_at_its_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overviews, "EVERY", 0.01)
    monkeypatch.setattr(overviews, "RETRY_EVERY", 0.02)
    caplog.set_level(logging.INFO)
    asked = 0
    away = True

    async def overview(scope: Scope) -> Reading:
        nonlocal asked
        asked += 1
        if away:
            raise ConnectionError("the database is away")
        return Reading("e-1")

    hub = Hub(no_rights)
    running = asyncio.create_task(Overviews(hub, overview).run())
    readers = [reader(n) for n in range(1, 31)]
    hub.touched.update(readers)
    await until(lambda: asked >= 8)
    # one scope a round tells as much as thirty
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is None
    away = False
    await until(lambda: all(one.buffer for one in readers))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    running.cancel()


async def test_a_scope_that_fails_by_itself_keeps_nothing_from_the_others(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overviews, "EVERY", 0.01)

    async def overview(scope: Scope) -> Reading:
        if 1 in scope.sections:
            raise KeyError("a fault of ours")
        return Reading("e-1")

    hub = Hub(no_rights)
    running = asyncio.create_task(Overviews(hub, overview).run())
    hub.touched.update([reader(1), other := reader(2)])
    await until(lambda: bool(other.buffer))
    await asyncio.sleep(0.1)
    assert len(caplog.records) == 1
    running.cancel()


@pytest.mark.reliability("a call that fails among many")
async def test_scopes_too_large_to_be_read_in_time_keep_nothing_from_the_others(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overviews, "EVERY", 0.01)
    monkeypatch.setattr(overviews, "RETRY_EVERY", 0.01)
    asked = 0

    async def overview(scope: Scope) -> Reading:
        nonlocal asked
        asked += 1
        if min(scope.sections) <= 3:
            raise TimeoutError
        return Reading("e-1")

    hub = Hub(no_rights)
    # whatever the order in which they come
    hub.touched = dict.fromkeys(map(reader, range(1, 31)))  # type: ignore[assignment]
    readers = list(hub.touched)
    running = asyncio.create_task(Overviews(hub, overview).run())
    await until(lambda: all(one.buffer for one in readers[3:]))
    tries = asked
    await until(lambda: asked >= tries + 20)
    assert len(caplog.records) == 1
    running.cancel()


@pytest.mark.reliability("an outage that floods the log")
async def test_rights_that_cannot_be_read_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async def away(educator_ids: Collection[int]) -> dict[int, Rights]:
        raise ConnectionError("the database is away")

    hub = Hub(away)
    # more than are read at once
    readers = [reader(n) for n in range(1, 251)]
    for one in readers:
        hub._all[one] = None
    await hub._rescope(readers)
    assert len(caplog.records) == 1
    assert all(one.closed for one in readers)


def test_an_outage_that_comes_again_is_said_again(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage(logging.getLogger("test"), "reading")
    for _ in range(2):
        for _ in range(5):
            outage.failed(OSError("away"))
        outage.over()
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 2


@pytest.mark.reliability("a call that fails among many")
async def test_a_deadline_that_raises_does_not_stop_the_others() -> None:
    failed: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failed.append(context["exception"]))
    try:
        deadlines, rung = Deadlines(), []

        def broken() -> None:
            raise ValueError("broken")

        deadlines.after(0.01, broken)
        deadlines.after(0.011, lambda: rung.append("soon"))
        deadlines.after(0.1, lambda: rung.append("later"))
        await until(lambda: len(rung) == 2, 2)
        assert [type(one) for one in failed] == [ValueError]
    finally:
        loop.set_exception_handler(None)


def test_deaf_readers_share_a_budget_and_the_longest_deaf_go_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("classpulse.publish.deaf.time.monotonic", lambda: now)
    deaf = Deaf(budget=10 * CONNECTION_BYTES)
    readers = [reader(n) for n in range(1, 21)]
    for one in readers:
        now += 0.1
        deaf.add(one)
    deaf.keep_within_budget()
    # ten too many, and those of the last second may only be slow
    assert [one.closed for one in readers] == ["slow"] * 10 + [None] * 10
    readers[10].push(b"x" * CONNECTION_BYTES)
    now += 2
    deaf.remove(readers[12])
    deaf.keep_within_budget()
    assert readers[10].closed is None
    readers[13].push(b"x" * CONNECTION_BYTES)
    deaf.keep_within_budget()
    assert readers[10].closed == "slow"
    assert readers[11].closed is None
