"""The end-to-end self-test: by SQL in, by HTTP out, one step after another."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from decimal import Decimal
from typing import Any

import asyncpg

from classpulse.database.connection import STEADY, connect
from classpulse.selftest.client import Client, Message
from classpulse.selftest.own_school import OwnSchool, own_school
from classpulse.sql import queries

_SQL = queries("check")
_API = "/api/v1"
_STREAM = f"{_API}/performance/stream"
_READY_SECONDS, _EVENT_SECONDS, _HEARTBEAT_SECONDS = 20.0, 10.0, 25.0


class CheckFailedError(Exception):
    """A step found something else than it should; the message says what."""


Told = Callable[[str, float, str | None], None]


class Checkup:
    """One run against one server. ``told`` gets each step, its seconds, and why it failed."""

    def __init__(self, client: Client, database_url: str, told: Told) -> None:
        self._client = client
        self._database_url = database_url
        self._told = told
        self._token = ""

    async def run(self) -> bool:
        """Whether every step succeeded; the first that fails is the last."""
        connection = None
        try:
            with self._step("the database answers, its triggers are whole"):
                connection = await connect(
                    self._database_url,
                    application_name="classpulse check",
                    server_settings={**STEADY, "statement_timeout": "0"},
                )
                _same(await connection.fetchval(_SQL["capture_is_intact"]), True, "triggers whole")
                # a tool that chose its ids left the sequences of the next ones behind
                await connection.fetch(queries("migrate")["advance_sequences"], None)
            with self._step("the server answers, and changes arrive there"):
                await self._until_ready()
            async with AsyncExitStack() as stack:
                with self._step("a school of its own, made by SQL"):
                    school = await stack.enter_async_context(own_school(connection))
                await self._in_school(connection, school)
                with self._step("its school is removed"):
                    await stack.aclose()
        except CheckFailedError:
            return False
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            self._told("its school is removed", 0, str(error))
            return False
        finally:
            if connection is not None:
                await connection.close(timeout=5)
        return True

    async def _in_school(
        self, connection: "asyncpg.Connection[asyncpg.Record]", school: OwnSchool
    ) -> None:
        with self._step("the educator logs in"):
            await self._log_in(school)
        with self._step("the school is in the figures"):
            # else its own students would still be joining while the steps watch
            await connection.execute(_SQL["wait"])
        async with AsyncExitStack() as open_stream:
            with self._step("the stream opens"):
                messages = await self._open(open_stream, None)
            with self._step("an exam set by SQL arrives"):
                exam = await connection.fetchval(
                    _SQL["set_exam"], school.section_id, school.subject_id
                )
                arrived = await _next(messages, "exam_created")
                _same(arrived.data["exam_data"]["exam_id"], exam, "exam_id")
            first, second = school.students[:2]
            with self._step("a grade written by SQL arrives with its figures"):
                grade = await connection.fetchval(_SQL["write_grade"], first, exam, Decimal("42.5"))
                arrived = await _next(messages, "grade_update")
                _grade_is(arrived, grade, "insert", score=42.5, average=85)
                _same(arrived.data["grade_data"]["letter"], "B+", "letter")
            with self._step("the API shows the same figures"):
                await self._section_is(school, average=85.0, passed=1)
            with self._step("what changes nothing or rolls back sends nothing"):
                await self._come_to_nothing(connection, grade)
                attendance = await connection.fetchval(
                    _SQL["write_attendance"], first, school.section_id
                )
                arrived = await _next(messages, "grade_update", "attendance_update")
                _same(arrived.event, "attendance_update", "event")
                _same(arrived.data["attendance_data"]["attendance_id"], attendance, "attendance_id")
                _same(arrived.data["attendance_data"]["attendance_percentage"], 100, "attendance")
        async with AsyncExitStack() as open_stream:
            with self._step("a stream that was away resumes, nothing lost, nothing twice"):
                await connection.execute(_SQL["change_grade"], grade, Decimal(35))
                other = await connection.fetchval(_SQL["write_grade"], second, exam, Decimal(25))
                messages = await self._open(open_stream, arrived.id)
                _grade_is(await _next(messages, "grade_update"), grade, "update", score=35)
                arrived = await _next(messages, "grade_update")
                _grade_is(arrived, other, "insert", score=25, average=60)
                await self._section_is(school, average=60.0, passed=1)
            with self._step("a deleted grade leaves the figures"):
                await connection.execute(_SQL["delete_grade"], other)
                arrived = await _next(messages, "grade_update")
                _grade_is(arrived, other, "delete", average=70)
                await self._section_is(school, average=70.0, passed=1)
            with self._step("a heartbeat proves that a change would arrive"):
                await _next(messages, "heartbeat", seconds=_HEARTBEAT_SECONDS)
            with self._step("what belongs to others is not found"):
                await self._section(school.other_section_id, 404)
                path = f"{_STREAM}?section_id={school.other_section_id}"
                async with self._client.stream(path, token=self._token) as (status, _):
                    _same(status, 404, "status of another's stream")
            with self._step("a section taken away is gone, also from an open stream"):
                await connection.execute(
                    _SQL["teach_no_more"], school.section_id, school.educator_id
                )
                await _next(messages, "scope_changed")
                await self._section(school.section_id, 404)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        except CheckFailedError as error:
            self._told(name, time.perf_counter() - start, str(error))
            raise
        except Exception as error:
            reason = str(error) or "no answer in time"
            self._told(name, time.perf_counter() - start, reason)
            raise CheckFailedError(reason) from error
        self._told(name, time.perf_counter() - start, None)

    async def _until_ready(self) -> None:
        status, _ = await self._client.request("GET", "/healthz")
        _same(status, 200, "status of /healthz")
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            status, answer = await self._client.request("GET", "/readyz")
            if status == 200 and answer["live"]:
                return
            if time.monotonic() > deadline:
                reasons = "; ".join((answer or {}).get("reasons", ["nothing that can be read"]))
                raise CheckFailedError(f"/readyz says {status}: {reasons}")
            await asyncio.sleep(0.2)

    async def _log_in(self, school: OwnSchool) -> None:
        body = {"email": school.email, "password": school.password}
        status, answer = await self._client.request("POST", f"{_API}/auth/login", body=body)
        if status == 401:
            raise CheckFailedError(
                "the login made by SQL is refused: does the server use another database?"
            )
        _same(status, 200, "status of the login")
        self._token = answer["access_token"]

    async def _open(self, stack: AsyncExitStack, since: str | None) -> AsyncIterator[Message]:
        status, messages = await stack.enter_async_context(
            self._client.stream(_STREAM, token=self._token, last_event_id=since)
        )
        _same(status, 200, "status of the stream")
        ready = await _next(messages, "ready")
        if not ready.id:
            raise CheckFailedError("ready came without an id")
        return messages

    async def _section_is(self, school: OwnSchool, *, average: float, passed: int) -> None:
        section = await self._section(school.section_id, 200)
        _same(section["total_students"], len(school.students), "total_students")
        _same(section["average_score"], average, "average_score")
        _same(section["passed_students"], passed, "passed_students")

    async def _section(self, section_id: int, expected: int) -> Any:
        path = f"{_API}/performance/section/{section_id}"
        status, answer = await self._client.request("GET", path, token=self._token)
        _same(status, expected, "status of the section")
        return answer

    async def _come_to_nothing(
        self, connection: "asyncpg.Connection[asyncpg.Record]", grade: int
    ) -> None:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(_SQL["change_grade"], grade, Decimal(1))
        await transaction.rollback()
        await connection.execute(_SQL["change_grade"], grade, Decimal("42.5"))


async def _next(
    messages: AsyncIterator[Message], *wanted: str, seconds: float = _EVENT_SECONDS
) -> Message:
    """The next event of the types wanted; what else changed along is passed over."""
    try:
        async with asyncio.timeout(seconds):
            async for message in messages:
                if message.event in wanted:
                    return message
                if message.event == "reset":
                    raise CheckFailedError(f"the stream was reset: {message.data}")
    except TimeoutError:
        raise CheckFailedError(f"no {wanted[-1]} came within {seconds:.0f} s") from None
    raise CheckFailedError("the server ended the stream")


def _grade_is(
    message: Message,
    grade_id: int,
    operation: str,
    *,
    score: float | None = None,
    average: float | None = None,
) -> None:
    _same(message.event, "grade_update", "event")
    _same(message.data["operation"], operation, "operation")
    _same(message.data["grade_data"]["grade_id"], grade_id, "grade_id")
    if score is not None:
        _same(message.data["grade_data"]["score"], score, "score")
    if average is not None:
        _same(message.data["performance_data"]["overall_average"], average, "overall_average")


def _same(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise CheckFailedError(f"{what} is {found!r}, expected {expected!r}")
