"""What the readers of one scope are told of its overview, and how many of them are read at once."""

import asyncio
import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from event_log import until

from classpulse.events import Event, Scope
from classpulse.publish import overviews
from classpulse.publish.hub import Hub
from classpulse.publish.overviews import Overviews
from classpulse.publish.reading import Asked, Listed, Reading
from classpulse.publish.scope_overview import ScopeOverview
from classpulse.publish.subscriber import EventFilter, Message, Subscriber
from classpulse.rights import Rights

OVERVIEW = EventFilter(types=frozenset({"performance_update"}))
TWO = Scope(sections=frozenset({1, 2}))


def text(message: Message) -> bytes:
    return message.data.encode()


def reader(scope: Scope = TWO, educator: int = 1) -> Subscriber:
    return Subscriber(scope, educator_id=educator, encode=text, event_filter=OVERVIEW)


def event(
    position: int,
    type_: str = "grade_update",
    sections: tuple[int, ...] = (1,),
    subject: int | None = 7,
) -> Event:
    return Event(
        position, datetime.now(UTC), type_, type_, 1, sections, 4, subject, None, '{"id": "e-1"}'
    )


def raw(content: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(content).encode())


def reading(position: int, average: int = 50, **more: Any) -> Reading:
    return Reading(
        f"e-{position}",
        totals=raw({"overall_average": average}),
        lists={"grade_distribution": raw({"A": 1})},
        sections={1: raw({"section_id": 1, "average_score": average})},
        **more,
    )


def begun(position: int = 10) -> ScopeOverview:
    """An overview with a reader who was given a whole one."""
    one = ScopeOverview(TWO)
    one.begin_whole()
    one.whole(reading(position))
    only = reader()
    one.readers[only] = only.visible
    return one


def told(one: ScopeOverview, read: Reading) -> dict[str, Any] | None:
    asked = one.ask()
    assert asked is not None
    data = one.difference(read, asked)
    return None if data is None else json.loads(data)


def test_what_is_as_it_was_is_left_out() -> None:
    one = begun()
    one.hear(event(11))
    assert told(one, reading(11)) is None
    one.hear(event(12))
    update = told(one, reading(12, 60))
    assert update is not None
    assert [row["average_score"] for row in update["sections"]] == [60]
    assert update["totals"] == {"overall_average": 60}
    assert "grade_distribution" not in update
    assert one.ask() is None


def test_what_changed_twice_is_told_though_it_is_as_it_was() -> None:
    # somebody may have fetched what it was in between
    one = begun()
    one.hear(event(11))
    one.hear(event(12))
    update = told(one, reading(12))
    assert update is not None
    assert len(update["sections"]) == 1


def test_what_a_reading_was_ahead_of_is_told_once_more() -> None:
    one = begun()
    one.hear(event(11))
    # the snapshot holds position 13 already
    told(one, reading(13, 60))
    one.hear(event(13))
    assert told(one, reading(13, 60)) is not None


def test_a_whole_one_that_is_ahead_of_the_others_leaves_nothing_out_for_it() -> None:
    one = begun()
    one.begin_whole()
    # it is read where the row is another one, which the others have not heard of yet
    one.whole(reading(12, 60))
    one.hear(event(11))
    one.hear(event(12))
    one.hear(event(13))
    update = told(one, reading(13))
    assert update is not None
    assert [row["average_score"] for row in update["sections"]] == [50]
    assert update["totals"] == {"overall_average": 50}


def test_what_happens_while_a_whole_one_is_read_is_in_the_next() -> None:
    one = ScopeOverview(TWO)
    one.begin_whole()
    one.hear(event(11))
    one.whole(reading(10))
    only = reader()
    one.readers[only] = only.visible
    assert told(one, reading(11, 60)) is not None


def test_what_an_event_touches_is_asked_for() -> None:
    one = begun()
    one.hear(event(11))
    one.hear(event(12, "attendance_update", (2,), None))
    one.hear(event(13, sections=(3,)))
    asked = one.ask()
    assert asked == Asked(
        sections=frozenset({1, 2}), subjects=frozenset({7}), whole_sections=frozenset({2})
    )


def test_more_than_can_be_told_is_to_be_fetched() -> None:
    scope = Scope(sections=frozenset(range(200)))
    one = ScopeOverview(scope)
    one.begin_whole()
    one.whole(reading(10))
    only = reader(scope)
    one.readers[only] = only.visible
    for number in range(101):
        one.hear(event(11 + number, sections=(number,)))
    asked = one.ask()
    assert asked == Asked(refetch=True)
    update = told_of(one, reading(200), asked)
    assert update["refetch"] is True
    assert update["sections"] == []


def told_of(one: ScopeOverview, read: Reading, asked: Asked) -> dict[str, Any]:
    data = one.difference(read, asked)
    assert data is not None
    found: dict[str, Any] = json.loads(data)
    return found


def test_rows_too_heavy_to_be_sent_are_to_be_fetched() -> None:
    one = begun()
    one.hear(event(11))
    heavy = Reading(
        "e-11",
        sections={n: raw({"section_id": n, "section_name": "x" * 500}) for n in range(80)},
    )
    asked = one.ask()
    assert asked is not None
    assert told_of(one, heavy, asked)["refetch"] is True


def test_what_is_remembered_is_bounded() -> None:
    one = begun()
    for start in range(0, 5000, 100):
        one.hear(event(11 + start))
        asked = one.ask()
        assert asked is not None
        rows = {start + n: raw({"section_id": start + n}) for n in range(100)}
        one.difference(Reading(f"e-{11 + start}", sections=rows), asked)
    assert len(one._rows) <= 1000


async def no_rights(educator_ids: Collection[int]) -> dict[int, Rights]:
    return {}


async def test_a_scope_that_takes_long_keeps_nothing_from_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overviews, "EVERY", 0.01)
    monkeypatch.setattr(overviews, "RETRY_EVERY", 0.01)
    monkeypatch.setattr(overviews, "QUICK", 0.05)

    async def whole(scope: Scope) -> Reading:
        if min(scope.sections) <= 5:
            await asyncio.sleep(3600)
        return Reading("e-1")

    hub = Hub(no_rights)
    stuck = [reader(Scope(sections=frozenset({n})), n) for n in range(1, 6)]
    quick = [reader(Scope(sections=frozenset({n})), n) for n in range(6, 30)]
    hub.touched = dict.fromkeys([*stuck, *quick])  # type: ignore[assignment]
    running = asyncio.create_task(Overviews(hub, whole).run())
    await until(lambda: all(one.buffer for one in quick), 2)
    assert not any(one.buffer for one in stuck)
    running.cancel()


async def test_few_are_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overviews, "EVERY", 0.01)
    at_once = most = 0

    async def whole(scope: Scope) -> Reading:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.002)
        at_once -= 1
        return Reading("e-1")

    hub = Hub(no_rights)
    readers = [reader(Scope(sections=frozenset({n})), n) for n in range(1, 31)]
    hub.touched.update(readers)
    running = asyncio.create_task(Overviews(hub, whole).run())
    await until(lambda: all(one.buffer for one in readers))
    assert most == 3
    running.cancel()


async def test_after_an_outage_all_get_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overviews, "EVERY", 0.01)
    monkeypatch.setattr(overviews, "RETRY_EVERY", 0.02)
    away = False

    async def whole(scope: Scope) -> Reading:
        if away:
            raise ConnectionError("the database is away")
        return reading(1)

    async def difference(scope: Scope, asked: Asked) -> Reading:
        raise ConnectionError("the database is away")

    hub = Hub(no_rights)
    only = reader()
    hub.touched.add(only)
    running = asyncio.create_task(Overviews(hub, whole, difference).run())
    await until(lambda: len(only.buffer) == 1)
    away = True
    hub.watch(event(2))
    await asyncio.sleep(0.1)
    assert len(only.buffer) == 1
    away = False
    await until(lambda: len(only.buffer) == 2)
    assert json.loads(only.buffer[1])["whole"] is True
    running.cancel()


async def test_who_left_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overviews, "EVERY", 0.01)
    monkeypatch.setattr(overviews, "_SWEEP_EVERY", 0.02)

    async def whole(scope: Scope) -> Reading:
        return Reading("e-1", listed=Listed())

    hub = Hub(no_rights)
    readers = [reader(Scope(sections=frozenset(range(n, n + 3))), n) for n in range(1, 11)]
    readers.append(reader(Scope(sections=frozenset(range(100))), 11))
    hub.touched.update(readers)
    shared = Overviews(hub, whole)
    running = asyncio.create_task(shared.run())
    await until(lambda: all(one.buffer for one in readers))
    for one in readers:
        one.close("gone")
    await until(lambda: not shared._scopes)
    assert not shared._wide
    assert not shared._by_section
    running.cancel()


async def test_an_event_touches_the_overviews_of_its_sections_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overviews, "EVERY", 0.01)
    asked: list[tuple[Scope, Asked]] = []

    async def whole(scope: Scope) -> Reading:
        return reading(1)

    async def difference(scope: Scope, what: Asked) -> Reading:
        asked.append((scope, what))
        return reading(2, 60)

    hub = Hub(no_rights)
    wide = Scope(sections=frozenset(range(1, 100)))
    readers = [reader(Scope(sections=frozenset({n})), n) for n in (1, 2, 3)] + [reader(wide, 4)]
    everything = reader(Scope(everything=True), 5)
    hub.touched.update([*readers, everything])
    running = asyncio.create_task(Overviews(hub, whole, difference).run())
    await until(lambda: all(one.buffer for one in [*readers, everything]))
    await hub.dispatch([event(2), event(3, "attendance_update", (1, 2), None)])
    await until(lambda: len(asked) == 4)
    sections = {
        (scope.everything, len(scope.sections), *sorted(what.sections)) for scope, what in asked
    }
    assert sections == {(False, 1, 1), (False, 1, 2), (False, 99, 1, 2), (True, 0, 1, 2)}
    running.cancel()
