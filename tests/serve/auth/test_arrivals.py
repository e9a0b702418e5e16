"""After a restart everybody comes back at once: their rights are read together, and are of now."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from event_log import until

from classpulse.serve.auth import arrivals, tokens
from classpulse.serve.auth.arrivals import Arrivals
from classpulse.serve.auth.tokens import Claims
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.problems import Problem
from classpulse.serve.snapshot import Reader
from serve.conftest import Client
from serve.live import SECRET, listening, token

Connection = asyncpg.Connection


def claims(educator: int) -> Claims:
    return tokens.read(SECRET, token(educator))


async def test_200_streams_at_once_take_few_statements(
    school_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: Counter[str] = Counter()
    for name in ("one", "all"):
        run = getattr(Reader, name)

        async def counting(
            self: Reader, statement: str, *, _run: Any = run, _name: str = name, **values: Any
        ) -> Any:
            statements[_name] += 1
            return await _run(self, statement, **values)

        monkeypatch.setattr(Reader, name, counting)
    read = tokens._verified
    decoded: list[str] = []

    def decoding(secret: str, text: str) -> Claims:
        decoded.append(text)
        return read(secret, text)

    monkeypatch.setattr(tokens, "_remembered", tokens.lru_cache(maxsize=4096)(decoding))
    limits: Any = {"request_limit": (10_000, 10_000), "stream_limit": 1000}
    async with listening(school_url, **limits) as live, AsyncExitStack() as streams:
        statements.clear()
        educators = [1 + number % 3 for number in range(200)]
        feeds = await asyncio.gather(
            *(streams.enter_async_context(live.stream(educator=educator)) for educator in educators)
        )
        assert {feed.status for feed in feeds} == {200}
        for feed, educator in zip(feeds, educators, strict=True):
            assert (await feed.until("ready"))["scope"]["educator_id"] == educator
        assert statements.total() < 100
        # of each request once, for its limits and for its rights
        assert len(decoded) == 200


@pytest.fixture
async def many(client: Client) -> Arrivals:
    return Arrivals(client.app.state.database)


async def test_each_gets_their_own_or_nobody(client: Client, many: Arrivals) -> None:
    asked = [claims(educator) for educator in (1, 2, 3, 4, 5, 404, 1)]
    found = await asyncio.gather(*(many.viewer(one) for one in asked))
    assert [viewer and viewer.educator_id for viewer in found] == [1, 2, 3, 4, None, None, 1]
    assert [viewer and viewer.token for viewer in found[:2]] == asked[:2]
    assert found[0] is not None
    assert found[0].scope.sections == {1, 4}
    assert found[3] is not None
    assert found[3].scope.everything


async def test_a_token_signed_out_is_nobodys_among_others(
    client: Client, many: Arrivals, tool: Connection
) -> None:
    out, other = claims(1), claims(1)
    await tool.execute(
        "insert into classpulse.revoked_tokens values ($1, 1, now() + interval '1 hour')", out.jti
    )
    found = await asyncio.gather(many.viewer(out), many.viewer(other))
    assert found[0] is None
    assert found[1] is not None


async def test_who_asks_while_a_statement_runs_is_not_answered_by_it(
    client: Client, many: Arrivals, tool: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, held, begun = arrivals.viewers_of, asyncio.Event(), 0

    async def slowly(source: Any, those: list[Claims]) -> list[Viewer | None]:
        nonlocal begun
        begun += 1
        found = await read(source, those)
        await held.wait()
        return found

    monkeypatch.setattr(arrivals, "viewers_of", slowly)
    early = [asyncio.create_task(many.viewer(claims(1))) for _ in range(2)]
    await until(lambda: begun == 2)
    await asyncio.sleep(0.1)
    late = [asyncio.create_task(many.viewer(claims(1))) for _ in range(50)]
    await tool.execute("update educators set is_active = false where id = 1")
    held.set()
    assert await asyncio.gather(*late) == [None] * 50
    assert begun <= 4
    await asyncio.gather(*early)


async def test_one_who_leaves_keeps_nothing_from_the_others(client: Client, many: Arrivals) -> None:
    tasks = [asyncio.create_task(many.viewer(claims(1))) for _ in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[3].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(one, Viewer) for one in found] == [False, True, True, False, True]


async def test_a_database_that_does_not_answer_is_said_to_all_that_wait(
    client: Client, many: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> list[Viewer | None]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(arrivals, "viewers_of", never)
    monkeypatch.setattr(arrivals, "_WAIT", 0.1)
    stuck = [asyncio.create_task(many.viewer(claims(1))) for _ in range(2)]
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(many.viewer(claims(1))) for _ in range(5)]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert {getattr(one, "status", None) for one in answers} == {503}
    assert all(isinstance(one, Problem) for one in answers)
    for task in [*many._running, *stuck]:
        task.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_failing_statement_fails_for_those_it_was_for(
    client: Client, many: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> list[Viewer | None]:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(arrivals, "viewers_of", lost)
        failed = await asyncio.gather(
            *(many.viewer(claims(1)) for _ in range(3)), return_exceptions=True
        )
        assert {type(one) for one in failed} == {ConnectionResetError}
    assert await many.viewer(claims(1)) is not None
