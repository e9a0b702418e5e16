"""The projector as a process of its own: who leads when, and that nobody waits for it."""

import asyncio
import json
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from processes import (
    SECRET,
    STREAM,
    Message,
    Server,
    admin_token,
    command,
    curl,
    free_port,
    projecting,
    serving,
    surroundings,
)

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name) values (1, 1, 'P');
insert into enrollments (student_id, section_id) values (1, 1);
"""
GRADE = "insert into grades (student_id, section_id, subject_id, score) values (1, 1, 1, 50)"
LED_BY = "select leader_pid, leader_is_apart, led_since from classpulse.handover"
FIRST_IN_LINE = """
select exists (
    select from pg_locks where locktype = 'advisory' and granted and objid = 0
    and classid = hashtext('classpulse.next')::bit(32)::bigint::oid
    and database = (select oid from pg_database where datname = current_database())
)
"""


@pytest.fixture
async def school(connection: Any) -> None:
    await connection.execute(SCHOOL)


async def folded_in(connection: Any, seconds: float = 5) -> float:
    began = time.monotonic()
    while await connection.fetchval("select count(*) from classpulse.changes"):
        assert time.monotonic() - began < seconds, "not folded in"
        await asyncio.sleep(0.005)
    return time.monotonic() - began


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


def readyz(server: Server) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/readyz", timeout=5) as answer:
        said: dict[str, Any] = json.load(answer)
        return said


async def test_a_server_apart_shows_what_the_projector_wrote(
    database_url: str, connection: Any, school: None, tmp_path: Path
) -> None:
    token = await admin_token(connection)
    with (
        projecting(database_url, tmp_path / "projector.log") as projector,
        serving(database_url, tmp_path / "server.log", CLASSPULSE_PROJECTOR="apart") as server,
    ):
        projector.says("projector: leading from ")
        said = await asyncio.to_thread(readyz, server)
        assert (said["live"], said["leading"], said["projector"]) == (True, False, "apart")
        sessions = await connection.fetchval(
            "select count(*) from pg_stat_activity"
            " where application_name = 'classpulse projector' and datname = current_database()"
        )
        assert sessions == 1, "the server has no leader, not even one that stands by"
        got: list[Message] = []
        async for message in curl(server.url + STREAM, token):
            got.append(message)
            if message.event == "ready":
                await connection.execute(GRADE)
            if message.event == "grade_update":
                break
        assert got[-1].data["performance_data"]["student_average"] == 50
        projector.kill()
        server.stop()
        assert "Traceback" not in server.log.read_text()


async def test_a_server_steps_in_for_a_killed_projector_and_aside_for_a_new_one(
    database_url: str, connection: Any, school: None, tmp_path: Path
) -> None:
    with serving(database_url, tmp_path / "server.log") as server:
        assert (await asyncio.to_thread(readyz, server))["leading"]
        for _ in range(2):
            with projecting(database_url, tmp_path / "projector.log") as projector:

                async def is_apart() -> bool:
                    return bool((await connection.fetchrow(LED_BY))["leader_is_apart"])

                await until(is_apart, 3)
                led = await connection.fetchrow(LED_BY)
                await connection.execute(GRADE)
                await folded_in(connection)
                # the server has come back from stepping aside, and leaves the lead where it is
                await asyncio.sleep(2.5)
                assert await connection.fetchrow(LED_BY) == led
                projector.kill()
                await connection.execute(GRADE)
                assert await folded_in(connection) < 1.0
                assert not await is_apart()
            projector.log.unlink()
        events = await connection.fetchval(
            "select count(*) from classpulse.events where type = 'grade_update'"
        )
        assert events == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_one_that_is_told_to_end_is_replaced_at_once(
    database_url: str, connection: Any, school: None, tmp_path: Path, number: signal.Signals
) -> None:
    with projecting(database_url, tmp_path / "first.log") as first:
        first.says("projector: leading from ")
        with projecting(database_url, tmp_path / "second.log") as second:
            second.says("projector: standing by")
            await asyncio.sleep(1)
            code = asyncio.create_task(asyncio.to_thread(first.stop, number))
            await connection.execute(GRADE)
            assert await folded_in(connection) < 1.0
            second.says("projector: leading from ", 1)
            assert await code == 128 + number
            # in order: the lock was given back, and nothing went wrong
            assert "Traceback" not in first.log.read_text()


async def test_workers_have_a_projector_beside_them_that_is_started_again(
    database_url: str, connection: Any, school: None, tmp_path: Path
) -> None:
    port = free_port()
    with (tmp_path / "server.log").open("wb") as log:
        server = psutil.Popen(
            command("serve", "--port", str(port), "--workers", "2"),
            env=surroundings(DATABASE_URL=database_url, CLASSPULSE_JWT_SECRET=SECRET),
            stdout=log,
            stderr=log,
        )
    led: list[int] = []

    async def is_led_by_another_child() -> bool:
        row = await connection.fetchrow(LED_BY)
        return bool(row["leader_is_apart"]) and row["leader_pid"] not in led

    async def worker_stands_by() -> bool:
        return bool(await connection.fetchval(FIRST_IN_LINE))

    async def process_of_leader() -> psutil.Process:
        address = await connection.fetchval(
            "select client_port from pg_stat_activity where pid = $1", led[-1]
        )
        for child in server.children():
            if any(c.laddr and c.laddr.port == address for c in child.net_connections("tcp")):
                return child
        raise AssertionError("no child of the server leads")

    try:
        for _ in range(2):
            await until(is_led_by_another_child, 20)
            led.append((await connection.fetchrow(LED_BY))["leader_pid"])
            await connection.execute(GRADE)
            await folded_in(connection)
            await until(worker_stands_by, 20)
            (await process_of_leader()).kill()
            await connection.execute(GRADE)
            # a worker that stood by, until there is another child
            assert await folded_in(connection) < 2.0
        await until(is_led_by_another_child, 20)
        led.append((await connection.fetchrow(LED_BY))["leader_pid"])
        # without its parent nobody would ever end it
        child = await process_of_leader()
        workers = [one for one in server.children() if one != child]
        server.kill()
        await asyncio.to_thread(child.wait, 5)
        for worker in workers:
            worker.kill()
    finally:
        for process in [*server.children(recursive=True), server]:
            process.kill()
        await asyncio.to_thread(server.wait, 10)
    events = await connection.fetchval(
        "select count(*) from classpulse.events where type = 'grade_update'"
    )
    assert events == 4


async def test_ended_in_order_the_workers_take_the_projector_along(
    database_url: str, connection: Any, tmp_path: Path
) -> None:
    with (tmp_path / "server.log").open("wb") as log:
        server = psutil.Popen(
            command("serve", "--port", str(free_port()), "--workers", "2"),
            env=surroundings(DATABASE_URL=database_url, CLASSPULSE_JWT_SECRET=SECRET),
            stdout=log,
            stderr=log,
        )
    try:

        async def is_apart() -> bool:
            return bool((await connection.fetchrow(LED_BY))["leader_is_apart"])

        async def worker_stands_by() -> bool:
            return bool(await connection.fetchval(FIRST_IN_LINE))

        await until(is_apart, 20)
        # uvicorn hears no signal while it waits for its workers to start
        await until(worker_stands_by, 20)
        children = server.children(recursive=True)
        server.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.wait, 8)
        _, alive = await asyncio.to_thread(psutil.wait_procs, children, 3)
        assert not alive
    finally:
        if server.is_running():
            server.kill()
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_it_needs_no_secret_and_says_what_is_missing(run: Any, empty_database_url: str) -> None:
    said = run("project", DATABASE_URL=empty_database_url)
    assert (said.code, said.err) == (
        2,
        "classpulse: the database is not up to date: run classpulse migrate\n",
    )


async def test_verify_and_a_new_epoch_beside_a_projector(
    database_url: str, connection: Any, school: None, tmp_path: Path
) -> None:
    with projecting(database_url, tmp_path / "projector.log") as projector:
        projector.says("projector: leading from ")
        for arguments in (("verify",), ("epoch", "--new"), ("verify",)):
            process = await asyncio.create_subprocess_exec(
                *command(*arguments), env=surroundings(DATABASE_URL=database_url)
            )
            async with asyncio.timeout(20):
                assert await process.wait() == 0
        await connection.execute(GRADE)
        await folded_in(connection)


async def test_on_the_embedded_database_it_stops_what_it_started(data_dir: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command("project"),
        env=surroundings(CLASSPULSE_DATA_DIR=str(data_dir)),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while b"leading from" not in await process.stderr.readline():
            assert process.returncode is None
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(15):
        assert await process.wait() == 130
    assert not data_dir.joinpath("postgres", "postmaster.pid").exists()


async def test_who_leads_is_nobody_elses_word(database_url: str, connection: Any) -> None:
    await connection.execute("set role classpulse_reader")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("update classpulse.handover set leader_is_apart = false")
