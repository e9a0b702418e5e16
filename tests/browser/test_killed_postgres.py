"""A page that is open while the embedded Postgres is killed says so, and comes back by itself."""

import asyncio
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest
from playwright.async_api import BrowserContext, expect
from processes import Server, command, surroundings

from classpulse.demo.load import load
from classpulse.demo.school import PASSWORD, TEACHER

from .test_live import A_BEAT, A_MOMENT, LONGER_THAN_PROOF, indicator, live

pytestmark = [pytest.mark.browser, pytest.mark.reliability("killed embedded Postgres")]
# What a page may take to notice, and a server on a busy machine to be back.
A_RETURN = 40_000


@pytest.fixture
def server(data_dir: Path, tmp_path: Path) -> Iterator[Server]:
    """On its own embedded database, still without a school."""
    server = Server("", tmp_path / "server.log")
    with server.log.open("wb") as log:
        server.process = subprocess.Popen(
            command("serve", "--port", str(server.port)),
            env=surroundings(CLASSPULSE_DATA_DIR=str(data_dir)),
            stdout=log,
            stderr=log,
        )
    server.wait_until_ready()
    yield server
    server.stop()


def url_of(data_dir: Path) -> str:
    kept = ("database-role", "database-password", "port")
    role, password, port = (data_dir.joinpath(name).read_text() for name in kept)
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/classpulse"


async def test_a_page_says_that_it_is_stale_and_comes_back_live(
    context: BrowserContext, server: Server, data_dir: Path
) -> None:
    await load(url_of(data_dir), students=12)
    await context.clock.install()
    page = await context.new_page()
    await page.goto(server.url)
    await page.get_by_label("E-mail").fill(TEACHER)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await live(page, within=A_BEAT)

    students = page.locator('.tiles [data-field="total_students"]')
    before = await students.inner_text()

    # while this test has its turn nobody can start it again
    with data_dir.joinpath("start.lock").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        pid = int(data_dir.joinpath("postgres", "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(20), httpx2.AsyncClient() as client:
            while (await client.get(f"{server.url}/readyz")).status_code == 200:
                await asyncio.sleep(0.1)
        await context.clock.fast_forward(LONGER_THAN_PROOF)
        await expect(indicator(page)).to_contain_text("Stale since", timeout=A_MOMENT)
        await expect(students).to_have_text(before)
    await live(page, within=A_RETURN)

    connection = await asyncpg.connect(url_of(data_dir))
    await connection.execute("update sections set name = 'Class after the kill'")
    await connection.close()
    await expect(page.get_by_text("Class after the kill").first).to_be_visible(timeout=A_MOMENT)
