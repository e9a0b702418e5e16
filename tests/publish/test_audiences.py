"""Those that see the same are one audience: an event is looked at once for all of them."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from event_log import until

from classpulse.events import Scope
from classpulse.publish.entry import Entry
from classpulse.publish.hub import Hub
from classpulse.publish.subscriber import EventFilter
from classpulse.rights import Rights

from .test_hub import ALL, BOTH, TEN_A, Joined, Known, event
from .test_hub import hub as hub
from .test_hub import known as known


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often each event was looked at."""
    seen: Counter[int] = Counter()
    frame_for = Entry.frame_for

    def counting(entry: Entry, seer: Any) -> bytes | None:
        seen[entry.event.position] += 1
        return frame_for(entry, seer)

    monkeypatch.setattr(Entry, "frame_for", counting)
    return seen


async def test_an_event_is_looked_at_once_for_a_thousand_of_one_scope(
    hub: Hub, looked: Counter[int]
) -> None:
    async with Joined(hub) as readers:
        many = [await readers.join(Scope(sections=frozenset({1, 2}))) for _ in range(1000)]
        await hub.dispatch([event(1), event(2, "bulk_update", sections=(1, 2))])
        assert looked == {1: 1, 2: 1}
        assert all(reader.positions == [1, 2] for reader in many)


async def test_other_scopes_and_filters_are_other_audiences(hub: Hub, looked: Counter[int]) -> None:
    async with Joined(hub) as readers:
        for _ in range(10):
            await readers.join(TEN_A)
            await readers.join(BOTH)
            await readers.join(BOTH, event_filter=EventFilter(types=frozenset({"exam_created"})))
            await readers.join(Scope(sections=frozenset({2})))
        assert len(hub._index) == 4
        await hub.dispatch([event(1)])
        # the one that sees only section 2 is not even met
        assert looked == {1: 3}


async def test_new_rights_move_a_subscriber_and_nobody_else(hub: Hub, known: Known) -> None:
    known.rights = {1: Rights(Scope(sections=frozenset({2})))}
    async with Joined(hub) as readers:
        moved, stays = await readers.join(BOTH), await readers.join(BOTH, educator=5)
        already = await readers.join(Scope(sections=frozenset({2})), educator=6)
        changed = event(1, "scope_changed", sections=(), educator=1)
        await hub.dispatch([changed, event(2), event(3, sections=(2,))])
        assert moved.positions == [1, 3]
        assert stays.positions == [2, 3]
        assert already.positions == [3]
        assert moved.subscriber.audience is already.subscriber.audience
        assert len(hub._index) == 2


async def test_equal_scopes_are_kept_once(hub: Hub) -> None:
    async with Joined(hub) as readers:
        subscribers = [
            (await readers.join(Scope(school_id=1, sections=frozenset(range(500))))).subscriber
            for _ in range(10)
        ]
        assert len({id(one.scope) for one in subscribers}) == 1
        assert len({id(one.visible) for one in subscribers}) == 1


async def test_an_audience_that_nobody_is_in_is_gone(hub: Hub) -> None:
    async with Joined(hub) as readers:
        for number in range(100):
            await readers.join(ALL if number % 2 else TEN_A, educator=number)
        assert len(hub._index) == 2
    assert len(hub._index) == 0
    assert not hub._index._wide
    assert not hub._index._by_section
    assert not hub._index._by_educator


async def test_a_subscriber_that_is_ahead_gets_nothing_twice(hub: Hub) -> None:
    async with Joined(hub) as readers:
        here, ahead = await readers.join(TEN_A), await readers.join(TEN_A)
        ahead.subscriber.after = 1
        await hub.dispatch([event(1), event(2)])
        assert here.positions == [1, 2]
        assert ahead.positions == [2]


@pytest.mark.parametrize("how", ["an event", "a heartbeat", "a sign of life"])
async def test_others_have_a_turn_while_thousands_are_written_to(hub: Hub, how: str) -> None:
    async with Joined(hub) as readers:
        many = [await readers.join(ALL, keepalive=b'{"type": "open"}') for _ in range(1700)]
        most, turn = 0, 0
        for reader in many:
            take = reader.subscriber.wake

            def wake(take: Any = take) -> None:
                nonlocal turn, most
                turn += 1
                most = max(most, turn)
                take()

            reader.subscriber.wake = wake

        async def others() -> None:
            nonlocal turn
            while True:
                await asyncio.sleep(0)
                turn = 0

        beside = asyncio.create_task(others())
        if how == "an event":
            await hub.dispatch([event(1)])
        elif how == "a heartbeat":
            hub.broadcast("heartbeat", {"lag_ms": 1})
        else:
            hub.keep_open()
        await until(lambda: all(reader.frames for reader in many))
        beside.cancel()
        # two pieces of it may fall between two turns of another task
        assert most <= 1000


async def test_rights_that_change_for_many_at_once_are_read_together(
    hub: Hub, known: Known
) -> None:
    known.rights = {id_: Rights(TEN_A) for id_ in range(1, 301)}
    asked = []
    resolve = hub._resolve

    async def counting(tokens: Any) -> Any:
        asked.append(len(tokens))
        return await resolve(tokens)

    hub._resolve = counting
    async with Joined(hub) as readers:
        many = [await readers.join(BOTH, educator=id_) for id_ in known.rights]
        changes = [event(id_, "scope_changed", sections=(), educator=id_) for id_ in known.rights]
        after = [event(301, sections=(2,)), event(302)]
        # those of people who are not here cost nothing
        nobodys = [
            event(302 + n, "scope_changed", sections=(), educator=1000 + n) for n in range(1, 50)
        ]
        await hub.dispatch([*changes, *after, *nobodys])
        assert asked == [100, 100, 100]
        for number, reader in enumerate(many, 1):
            assert reader.positions == [number, 302]
        assert hub.position == 351
    assert not hub._of


async def test_a_later_change_of_the_same_rights_is_read_again(hub: Hub, known: Known) -> None:
    known.rights = {1: Rights(TEN_A)}
    async with Joined(hub) as readers:
        reader = await readers.join(BOTH)
        await hub.dispatch([event(1, "scope_changed", sections=(), educator=1), event(2)])
        known.rights = {1: Rights(Scope(sections=frozenset({2})))}
        await hub.dispatch([event(3), event(4, "scope_changed", sections=(), educator=1), event(5)])
        assert reader.positions == [1, 2, 3, 4]
        assert known.asked == [1, 1]
