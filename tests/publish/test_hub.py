"""Who gets what: filters, composition, rights, and readers that can't keep up."""

import asyncio
import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from event_log import Reader, as_json, until

from classpulse.events import Event, Scope
from classpulse.publish.compose import compose
from classpulse.publish.deadlines import Deadlines
from classpulse.publish.hub import Hub, HubClosed
from classpulse.publish.resume import CATCH_UP_BYTES
from classpulse.publish.ring import Ring
from classpulse.publish.subscriber import EventFilter, Message, Subscriber
from classpulse.rights import Bearer, Rights

ALL = Scope(everything=True)
TEN_A = Scope(sections=frozenset({1}))
BOTH = Scope(sections=frozenset({1, 2}))


def event(
    position: int,
    type_: str = "grade_update",
    *,
    sections: tuple[int, ...] = (1,),
    school: int | None = 1,
    student: int | None = None,
    subject: int | None = None,
    educator: int | None = None,
    parts: dict[str, Any] | None = None,
    **payload: Any,
) -> Event:
    payload |= {"id": f"e-{position}", "position": position, "type": type_}
    raw = None
    if parts is not None:
        raw = {key: msgspec.Raw(json.dumps(part).encode()) for key, part in parts.items()}
    return Event(
        position,
        datetime.now(UTC),
        type_,
        type_,
        school,
        sections,
        student,
        subject,
        educator,
        json.dumps(payload),
        raw,
    )


class Known:
    """What educators may see; asking takes as long as ``wait`` says, and some can't be read."""

    def __init__(self) -> None:
        self.rights: dict[int, Rights] = {}
        self.asked: list[int] = []
        self.unreadable: set[int] = set()
        self.wait: asyncio.Event | None = None

    async def __call__(self, educator_ids: Collection[int]) -> dict[int, Rights]:
        self.asked += educator_ids
        if self.wait is not None:
            await self.wait.wait()
        if self.unreadable.intersection(educator_ids):
            raise LookupError
        return {id_: self.rights[id_] for id_ in educator_ids if id_ in self.rights}


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def hub(known: Known) -> Hub:
    hub = Hub(known)
    hub.epoch = "e"
    return hub


class Joined:
    """Readers of one hub, until the block ends."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stack: list[Any] = []

    async def __aenter__(self) -> "Joined":
        return self

    async def __aexit__(self, *_: object) -> None:
        for block in reversed(self._stack):
            await block.__aexit__(None, None, None)

    async def join(self, scope: Scope, educator: int = 1, **options: Any) -> Reader:
        options.setdefault("encode", as_json)
        reader = Reader(Subscriber(scope, educator_id=educator, **options))
        block = self._hub.subscribe(reader.subscriber)
        await block.__aenter__()
        self._stack.append(block)
        reader.subscriber.after = self._hub.position
        assert self._hub.attach(reader.subscriber, CATCH_UP_BYTES)
        return reader


async def test_an_event_goes_to_those_who_see_its_section(hub: Hub) -> None:
    async with Joined(hub) as readers:
        mine, other, everybody = [
            await readers.join(scope) for scope in (TEN_A, Scope(sections=frozenset({2})), ALL)
        ]
        await hub.dispatch([event(1), event(2, sections=(2,))])
        assert mine.positions == [1]
        assert other.positions == [2]
        assert everybody.positions == [1, 2]


async def test_an_event_of_no_section_goes_to_the_schools_principal_and_to_admins(
    hub: Hub,
) -> None:
    async with Joined(hub) as readers:
        head, other_head, educator, admin = [
            await readers.join(scope)
            for scope in (
                Scope(school_id=1, sections=frozenset({1})),
                Scope(school_id=2),
                TEN_A,
                ALL,
            )
        ]
        await hub.dispatch([event(1, sections=(), school=1), event(2, sections=(), school=None)])
        assert head.positions == [1]
        assert other_head.positions == educator.positions == []
        assert admin.positions == [1, 2]


async def test_the_machinerys_own_events_are_shown_to_nobody(hub: Hub) -> None:
    async with Joined(hub) as readers:
        admin = await readers.join(ALL)
        await hub.dispatch([event(1, "_canary", sections=())])
        assert admin.frames == []
        assert hub.position == 1
        assert len(hub.ring) == 0


async def test_a_scope_of_many_sections_sees_them_all(hub: Hub) -> None:
    async with Joined(hub) as readers:
        wide = await readers.join(Scope(sections=frozenset(range(1, 500))))
        await hub.dispatch([event(1, sections=(499,)), event(2, sections=(500,))])
        assert wide.positions == [1]


async def test_an_event_is_encoded_once_for_all_who_see_the_same(hub: Hub) -> None:
    calls = []

    def counting(message: Message) -> bytes:
        calls.append(message.id)
        return b"x"

    async with Joined(hub) as readers:
        for _ in range(20):
            await readers.join(TEN_A, encode=counting)
            await readers.join(BOTH, encode=counting)
        await hub.dispatch([event(1), event(2, "bulk_update", sections=(1, 2), section_ids=[1, 2])])
        # the second differs between the two scopes
        assert calls == ["e-1", "e-2", "e-2"]


@pytest.mark.parametrize(
    ("event_filter", "positions"),
    [
        (EventFilter(), [1, 2, 3, 4, 5, 6]),
        (EventFilter(types=frozenset({"exam_created", "bulk_update"})), [3, 5]),
        (EventFilter(subjects=frozenset({7})), [1, 5, 6]),
        (EventFilter(students=frozenset({4})), [1, 5, 6]),
        (EventFilter(students=frozenset({9}), subjects=frozenset({8})), [2, 5]),
        (EventFilter(sections=frozenset({2})), [4]),
    ],
)
async def test_filters_choose(hub: Hub, event_filter: EventFilter, positions: list[int]) -> None:
    async with Joined(hub) as readers:
        reader = await readers.join(BOTH, event_filter=event_filter)
        await hub.dispatch(
            [
                event(1, student=4, subject=7),
                event(2, student=9, subject=8),
                event(3, "exam_created", subject=8),
                event(4, "attendance_update", sections=(2,), student=5),
                event(5, "bulk_update"),
                event(6, "roster_update", student=4),
            ]
        )
        assert reader.positions == positions


async def test_control_events_come_whatever_the_filter(hub: Hub, known: Known) -> None:
    known.rights[1] = Rights(TEN_A)
    async with Joined(hub) as readers:
        reader = await readers.join(
            TEN_A, event_filter=EventFilter(types=frozenset({"exam_created"}))
        )
        await hub.dispatch([event(1), event(2, "scope_changed", sections=(), educator=1)])
        hub.broadcast("heartbeat", {"lag_ms": 3})
        assert reader.types() == ["scope_changed", "heartbeat"]
        assert reader.got[1]["id"] == "e-2"


def test_an_event_of_several_sections_is_composed_of_what_may_be_seen() -> None:
    parts = {
        "1": {"performance_data": {"section_id": 1}, "of": "one"},
        "2": {"performance_data": {"section_id": 2}, "of": "two"},
        "3": {"performance_data": {"section_id": 3}, "of": "three"},
    }
    whole = event(
        1,
        "roster_update",
        sections=(1, 2, 3),
        parts=parts,
        section_ids=[1, 2, 3],
        performance_data={"student": 4},
    )
    seen = json.loads(compose(whole, (2, 3)))
    assert seen["section_ids"] == [2, 3]
    assert seen["performance_data"] == {"student": 4, "section_id": 2}
    assert seen["of"] == "two"
    assert seen["also"] == [parts["3"]]
    alone = compose(whole, (2,))
    assert "also" not in json.loads(alone)
    assert "three" not in alone
    assert "one" not in alone


async def test_composed_events_hold_nothing_of_another_scope(hub: Hub) -> None:
    async with Joined(hub) as readers:
        a, b, both, narrowed = (
            await readers.join(TEN_A),
            await readers.join(Scope(sections=frozenset({2}))),
            await readers.join(BOTH),
            await readers.join(ALL, event_filter=EventFilter(sections=frozenset({2}))),
        )
        parts = {"1": {"secret": "of 1"}, "2": {"secret": "of 2"}}
        await hub.dispatch(
            [
                event(1, "roster_update", sections=(1, 2), parts=parts, section_ids=[1, 2]),
                event(2, "figures_changed", sections=(1, 2), section_ids=[1, 2]),
            ]
        )
        assert [e["section_ids"] for e in a.events] == [[1], [1]]
        assert b"of 2" not in b"".join(a.frames)
        assert b"of 1" not in b"".join(b.frames)
        assert [e["section_ids"] for e in both.events] == [[1, 2], [1, 2]]
        assert narrowed.frames == b.frames


async def test_no_event_of_a_section_that_was_just_taken_away_is_delivered(
    hub: Hub, known: Known
) -> None:
    known.rights = {1: Rights(Scope(sections=frozenset({2})))}
    async with Joined(hub) as readers:
        theirs, colleague = await readers.join(BOTH), await readers.join(BOTH, educator=5)
        await hub.dispatch(
            [
                event(1),
                event(2, "scope_changed", sections=(), educator=1),
                event(3),
                event(4, sections=(2,)),
            ]
        )
        assert theirs.positions == [1, 2, 4]
        assert theirs.types()[1] == "scope_changed"
        assert colleague.positions == [1, 3, 4]
        assert known.asked == [1]


async def test_who_subscribes_while_rights_change_does_not_slip_through(
    hub: Hub, known: Known
) -> None:
    known.rights = {1: Rights(Scope(sections=frozenset({2})))}
    known.wait = asyncio.Event()
    before = hub.position
    earlier = Subscriber(BOTH, educator_id=1, encode=as_json)
    block = hub.subscribe(earlier)
    await block.__aenter__()
    dispatching = asyncio.create_task(
        hub.dispatch([event(1, "scope_changed", sections=(), educator=1), event(2)])
    )
    await until(lambda: known.asked)
    # its rights were read before the change, but it comes while the new ones are being read
    subscriber = Subscriber(BOTH, educator_id=1, encode=as_json)
    reader = Reader(subscriber)

    async def subscribe() -> None:
        async with hub.subscribe(subscriber, rights_as_of=before):
            subscriber.after = hub.position
            hub.attach(subscriber, CATCH_UP_BYTES)
            subscriber.wake()
            await dispatching
            await hub.dispatch([event(3)])

    subscribing = asyncio.create_task(subscribe())
    await asyncio.sleep(0)
    known.wait.set()
    await subscribing
    await block.__aexit__(None, None, None)
    assert 2 not in reader.positions
    assert 3 not in reader.positions


async def test_an_educator_who_is_gone_is_streamed_nothing_more(hub: Hub, known: Known) -> None:
    async with Joined(hub) as readers:
        reader = await readers.join(ALL)
        await hub.dispatch([event(1, "scope_changed", sections=(), educator=1), event(2)])
        assert reader.subscriber.closed == "rights_ended"
        assert reader.positions == []


async def test_rights_that_cannot_be_read_are_none_and_no_fault_of_the_token(
    hub: Hub, known: Known, caplog: pytest.LogCaptureFixture
) -> None:
    known.rights = {404: Rights(ALL)}
    known.unreadable = {404}
    async with Joined(hub) as readers:
        reader = await readers.join(ALL, educator=404)
        await hub.dispatch([event(1, "scope_changed", sections=(), educator=404), event(2)])
        assert reader.positions == []
        # a socket's 4401 would send its client to log in again
        assert reader.subscriber.closed == "unavailable"
        assert "can't be read" in caplog.text


async def test_a_token_signed_out_ends_its_streams_alone(hub: Hub, known: Known) -> None:
    known.rights = {1: Rights(ALL, revoked={"a": -0.1})}
    async with Joined(hub) as readers:
        out, other = [await readers.join(ALL, bearer=Bearer(jti)) for jti in "ab"]
        await hub.dispatch([event(1, "_token_revoked", sections=(), educator=1), event(2)])
        assert out.subscriber.closed == "token_revoked"
        assert other.positions == [2]
        late = Subscriber(ALL, educator_id=1, encode=as_json, bearer=Bearer("a"))
        async with hub.subscribe(late, rights_as_of=0):
            assert late.closed == "token_revoked"


async def test_the_stream_of_a_refreshed_token_goes_on_until_its_grace_is_over(
    hub: Hub, known: Known
) -> None:
    known.rights = {1: Rights(ALL, revoked={"a": 0.2})}
    async with Joined(hub) as readers:
        old = await readers.join(ALL, bearer=Bearer("a"))
        await hub.dispatch([event(1, "_token_revoked", sections=(), educator=1), event(2)])
        assert old.subscriber.closed is None
        assert old.positions == [2]
        await until(lambda: old.subscriber.closed == "token_revoked", 1)


async def test_sessions_that_ended_end_their_streams_and_no_others(hub: Hub, known: Known) -> None:
    known.rights = {1: Rights(ALL, session="new", since=100.0)}
    bearers = {
        "old session": Bearer("a", 200.0, "old"),
        "new session": Bearer("b", 50.0, "new"),
        "signed elsewhere, before": Bearer("c", 99.0),
        "signed elsewhere, since": Bearer("d", 100.0),
    }
    async with Joined(hub) as readers:
        streams = {kind: await readers.join(ALL, bearer=one) for kind, one in bearers.items()}
        colleague = await readers.join(ALL, educator=5, bearer=Bearer("e", 1.0, "old"))
        await hub.dispatch([event(1, "scope_changed", sections=(), educator=1)])
        closed = {kind for kind, stream in streams.items() if stream.subscriber.closed}
        assert closed == {"old session", "signed elsewhere, before"}
        assert colleague.subscriber.closed is None


async def test_a_change_of_everybodys_rights_ends_who_is_gone(hub: Hub, known: Known) -> None:
    known.rights = {id_: Rights(TEN_A) for id_ in range(1, 250)}
    async with Joined(hub) as readers:
        kept = [await readers.join(ALL, educator=id_) for id_ in known.rights]
        gone = await readers.join(ALL, educator=404)
        await hub.dispatch(
            [event(1, "_rights_changed", sections=(), school=None), event(2, sections=(2,))]
        )
        assert gone.subscriber.closed == "rights_ended"
        assert {reader.subscriber.closed for reader in kept} == {None}
        assert not any(reader.positions for reader in kept)
        late = Subscriber(ALL, educator_id=404, encode=as_json)
        async with hub.subscribe(late, rights_as_of=0):
            assert late.closed == "rights_ended"


async def test_a_reader_that_takes_nothing_is_closed_at_its_bound(hub: Hub) -> None:
    async with Joined(hub) as readers:
        slow, quick = await readers.join(ALL, bound=10_000), await readers.join(ALL)
        slow.subscriber.busy = True
        slow.subscriber.wake = lambda: None
        most = 0
        for position in range(1, 200):
            await hub.dispatch([event(position, filler="x" * 500)])
            most = max(most, slow.subscriber.size)
        assert slow.subscriber.closed == "slow"
        assert most <= 10_000
        assert slow.subscriber.buffer == []
        # an id of later on would make its resume jump over what was dropped
        hub.broadcast("heartbeat", {"lag_ms": 1})
        assert slow.subscriber.buffer == []
        assert quick.positions == list(range(1, 200))


async def test_a_burst_alone_makes_nobody_too_slow(hub: Hub) -> None:
    async with Joined(hub) as readers:
        reader = await readers.join(ALL, bound=10_000)
        await hub.dispatch([event(n, filler="x" * 500) for n in range(1, 200)])
        assert reader.subscriber.closed is None
        assert reader.positions == list(range(1, 200))


async def test_nobody_is_left_behind_in_the_hub(hub: Hub) -> None:
    async with Joined(hub) as readers:
        for scope in (ALL, TEN_A, BOTH):
            await readers.join(scope)
        assert len(hub) == 3
    assert len(hub) == 0
    assert not list(hub._index.candidates(event(1, sections=(1, 2))))
    assert not list(hub._index.candidates(event(1, educator=1)))


async def test_a_closing_hub_takes_nobody_in(hub: Hub) -> None:
    async with Joined(hub) as readers:
        reader = await readers.join(ALL)
        hub.close("shutdown", lambda _: b"bye")
        assert (reader.subscriber.closed, reader.subscriber.farewell) == ("shutdown", b"bye")
    with pytest.raises(HubClosed):
        async with hub.subscribe(reader.subscriber):
            pass


def test_the_ring_is_bounded_in_number_and_in_bytes() -> None:
    from classpulse.publish.entry import Entry

    ring = Ring(events=3)
    for position in range(1, 6):
        ring.append(Entry(event(position)))
    assert ring.start == 2
    assert [entry.event.position for entry in ring.since(3)] == [4, 5]
    assert ring.covers(2)
    assert not ring.covers(1)
    small = Ring(size=1000)
    small.append(Entry(event(1, filler="x" * 600)))
    small.append(Entry(event(2, filler="x" * 600)))
    assert len(small) == 1
    assert small.start == 1


async def test_deadlines_come_in_their_order_and_cancelled_ones_leave() -> None:
    deadlines, rung = Deadlines(), []
    deadlines.after(0.03, lambda: rung.append(3))
    deadlines.after(0.01, lambda: rung.append(1))
    deadlines.after(0.02, lambda: rung.append(2)).cancel()
    await until(lambda: rung == [1, 3])
    for _ in range(1000):
        deadlines.after(3600, lambda: None).cancel()
    assert len(deadlines) < 200
    deadlines.clear()
