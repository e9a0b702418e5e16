"""From where a stream goes on, and how it gets there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classpulse.events import EventId
from classpulse.publish.entry import Entry
from classpulse.publish.hub import tell, tell_reset
from classpulse.publish.reader import replay_events
from classpulse.publish.subscriber import Subscriber

if TYPE_CHECKING:
    from classpulse.publish.publisher import Publisher

# How much is given at once before the peer must have taken it.
CATCH_UP_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Since:
    """An id of a client: one of ours, ``0`` (all that is kept: no epoch), or malformed."""

    epoch: str | None = None
    position: int = 0
    malformed: bool = False


def parse_id(text: str) -> Since | None:
    """An id as a client gives it back, or ``None`` for something else."""
    if text == "0":
        return Since()
    known = EventId.parse(text)
    return None if known is None else Since(known.epoch, known.position)


async def place(publisher: "Publisher", since: Since | None) -> tuple[int, str | None]:
    """The position to go on after, and why a reset must be said first, if it must."""
    hub = publisher.hub
    if since is None:
        return hub.position, None
    if since.malformed:
        return hub.position, "malformed"
    if since.epoch == hub.epoch and hub.ring.start <= since.position <= hub.position:
        return since.position, None
    # An id ahead of this process may come from a snapshot that was read before it heard.
    ends = await publisher.log_ends()
    if since.epoch is None:
        return min(ends.start, hub.position), None
    if since.epoch != hub.epoch or since.epoch != ends.epoch:
        return hub.position, "epoch"
    if since.position > ends.newest:
        return hub.position, "ahead"
    if since.position < ends.start:
        return hub.position, "expired"
    return since.position, None


def open_with_ready(publisher: "Publisher", subscriber: Subscriber, reset: str | None) -> None:
    """``ready``, with the id that the stream starts from, and ``reset`` where it must be said."""
    hub, scope = publisher.hub, subscriber.scope
    start = f"{hub.epoch}-{subscriber.after}"
    ready = {
        "as_of": hub.as_of,
        "as_of_time": hub.as_of_time,
        "scope": {
            "educator_id": subscriber.educator_id,
            "everything": scope.everything,
            "school_id": scope.school_id,
            "sections": sorted(scope.sections),
        },
    }
    subscriber.greeted = True
    tell(subscriber, "ready", ready, start)
    if reset is not None:
        tell_reset(subscriber, reset, start)


async def catch_up(publisher: "Publisher", subscriber: Subscriber) -> None:
    """Give everything after ``subscriber.after`` and go on live: no gap, nothing twice.

    Old events are read in pages from the log, the rest comes from the ring; what the peer has
    not taken yet is waited for.
    """
    hub = publisher.hub
    while subscriber.closed is None and not hub.attach(subscriber, CATCH_UP_BYTES):
        subscriber.wake()
        await subscriber.wait_until_drained()
        if subscriber.closed is None and not hub.ring.covers(subscriber.after):
            await _page(publisher, subscriber)
    publisher.greet(subscriber)
    subscriber.wake()


async def _page(publisher: "Publisher", subscriber: Subscriber) -> None:
    hub, generation = publisher.hub, publisher.hub.generation
    after = subscriber.after
    async with publisher.replays.use() as connection:
        # Not past the hub: the rights that hold there are not known here yet.
        replay = await replay_events(
            connection, after, hub.position, subscriber.visible, subscriber.educator_id
        )
    if hub.generation != generation:
        return
    if replay.oldest > after + 1:
        subscriber.after = hub.position
        tell_reset(subscriber, "expired", hub.as_of)
        return
    for event in replay.events:
        frame = Entry(event).frame_for(subscriber)
        subscriber.after = event.position
        if frame is not None:
            subscriber.push(frame)
        if subscriber.size > CATCH_UP_BYTES:
            subscriber.wake()
            await subscriber.wait_until_drained()
        if subscriber.closed is not None or hub.generation != generation:
            return
    subscriber.after = replay.read_to
