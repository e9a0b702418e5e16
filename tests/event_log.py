"""A stand-in for the projector: rows of the log as it would write them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from classpulse.events import Scope
from classpulse.publish.publisher import Publisher
from classpulse.publish.resume import Since, catch_up, open_with_ready, parse_id, place
from classpulse.publish.subscriber import Encode, EventFilter, Message, Subscriber
from classpulse.rights import Rights

_WRITE = """
with moved as (
    update classpulse.state
    set position = position + 1, as_of_time = clock_timestamp()
    returning epoch, position
), listed as (
    insert into classpulse.event_sections (section_id, position, type)
    select section.id, moved.position, $1::text
    from moved
    cross join lateral unnest($3::bigint[]) as section (id)
    where $6::bigint is null and not starts_with($1::text, '_')
    on conflict do nothing
)
insert into classpulse.events (
    position, at, type, event, school_id, section_ids, student_id, subject_id, educator_id,
    payload, parts
)
select
    position, clock_timestamp(), $1::text, $1::text, $2, $3, $4, $5, $6,
    ($7::jsonb || jsonb_build_object(
        'id', epoch || '-' || position, 'position', position, 'type', $1::text, 'event', $1::text
    ))::text,
    $8::json
from moved
returning position
"""


@dataclass
class EventLog:
    """Writes events; each call of ``write`` is one transaction that notifies."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    notify: bool = True

    async def write(
        self,
        type_: str = "grade_update",
        *,
        sections: tuple[int, ...] = (1,),
        school: int | None = 1,
        student: int | None = None,
        subject: int | None = None,
        educator: int | None = None,
        parts: dict[str, Any] | None = None,
        **payload: Any,
    ) -> int:
        async with self.connection.transaction():
            position = await self.connection.fetchval(
                _WRITE,
                type_,
                school,
                list(sections),
                student,
                subject,
                educator,
                json.dumps(payload),
                None if parts is None else json.dumps(parts),
            )
            if self.notify:
                await self.connection.execute(f"notify classpulse_events, '{position}'")
        return int(position)

    async def many(self, count: int, **event: Any) -> list[int]:
        return [await self.write(number=number, **event) for number in range(count)]

    async def id_of(self, position: int) -> str:
        epoch = await self.connection.fetchval("select epoch from classpulse.state")
        return f"{epoch}-{position}"

    async def answer_canaries(self) -> None:
        """Fold canaries in as the projector would, forever."""
        while True:
            rows = await self.connection.fetch(
                "delete from classpulse.changes where source = 'canaries' returning new"
            )
            for row in rows:
                canary = json.loads(row["new"])
                await self.write(
                    "_canary", sections=(), process=canary["process"], beat=canary["beat"]
                )
            await asyncio.sleep(0.02)


def as_json(message: Message) -> bytes:
    return message.data.encode()


@dataclass
class Reader:
    """A subscriber that takes whatever comes at once."""

    subscriber: Subscriber
    frames: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.subscriber.wake = self._take

    def _take(self) -> None:
        self.frames += self.subscriber.take()

    @property
    def got(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.frames]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for event in self.got if "position" in event]

    @property
    def positions(self) -> list[int]:
        return [event["position"] for event in self.events]

    def types(self) -> list[str]:
        return [event["type"] for event in self.got]


@asynccontextmanager
async def reading(
    publisher: Publisher,
    scope: Scope,
    *,
    since: str | None = None,
    educator: int = 1,
    event_filter: EventFilter | None = None,
    encode: Encode = as_json,
    **options: Any,
) -> AsyncIterator[Reader]:
    """A subscriber as a stream makes one, without HTTP."""
    if event_filter is not None:
        options["event_filter"] = event_filter
    subscriber = Subscriber(scope, educator_id=educator, encode=encode, **options)
    reader = Reader(subscriber)
    resumed = None if since is None else parse_id(since) or Since(malformed=True)
    async with publisher.hub.subscribe(subscriber):
        subscriber.after, reset = await place(publisher, resumed)
        open_with_ready(publisher, subscriber, reset)
        await catch_up(publisher, subscriber)
        yield reader


@asynccontextmanager
async def publishing(
    url: str, rights: dict[int, Scope | None] | None = None, **options: Any
) -> AsyncIterator[Publisher]:
    """A publisher that follows the log of a database."""
    known = {} if rights is None else rights

    async def resolve(educator_ids: Collection[int]) -> dict[int, Rights]:
        scopes = {id_: known.get(id_) for id_ in educator_ids}
        return {id_: Rights(scope) for id_, scope in scopes.items() if scope is not None}

    options.setdefault("resolve", resolve)
    publisher = Publisher(url, process="test", **options)
    task = asyncio.create_task(publisher.run())
    try:
        assert await publisher.started(10)
        yield publisher
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for something to become true."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError("it did not come true") from None
