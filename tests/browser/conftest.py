"""A real server over a real database, and a real browser in front of it."""

import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from classpulse.serve.passwords import hash_password

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "a long enough password"
EMAIL = "dana@school.example"
HOSTILE = {
    "markup": "O'Brien</script><img src=x onerror=window.broken=1>",
    "formula": "=1+1",
    "arabic": "مريم العلي",
    "emoji": "Zoë 🎓",
    "long": "X" * 200,
}


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        await browser.close()


class Server:
    """``classpulse`` as a process that can be killed and started again at the same address."""

    def __init__(self, database_url: str, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "CLASSPULSE_JWT_SECRET": "a secret for this test alone, 32 bytes",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        self._process: anyio.abc.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await anyio.open_process(
                [
                    *(sys.executable, "-m", "uvicorn", "classpulse.serve.app:from_environment"),
                    *("--factory", "--port", str(self.port), "--log-level", "warning"),
                ],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        with anyio.fail_after(20):
            while not await self._ready():
                assert self._process.returncode is None, self._log.read_text()
                await anyio.sleep(0.1)

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.aclose()
            self._process = None

    async def _ready(self) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{self.url}/readyz")).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
async def server(database_url: str, tmp_path: Path, school: int) -> AsyncIterator[Server]:
    server = Server(database_url, tmp_path / "server.log")
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


@pytest.fixture
async def school(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """A section of five students with names that no page likes; its id."""
    school = await connection.fetchval(
        "insert into schools (name, time_zone) values ('Hill School', 'UTC') returning id"
    )
    educator = await connection.fetchval(
        "insert into educators (school_id, email, full_name) values ($1, $2, 'Dana Whitfield')"
        " returning id",
        *(school, EMAIL),
    )
    await connection.execute(
        "insert into classpulse.passwords (educator_id, hash) values ($1, $2)",
        *(educator, await hash_password(PASSWORD)),
    )
    section = await connection.fetchval(
        "insert into sections (school_id, name) values ($1, 'Class 10-A') returning id", school
    )
    await connection.execute("insert into section_educators values ($1, $2)", section, educator)
    subject = await connection.fetchval(
        "insert into subjects (school_id, code, name) values ($1, 'MATH', $2) returning id",
        *(school, "Mathematics"),
    )
    exam = await connection.fetchval(
        "insert into exams (section_id, subject_id, name) values ($1, $2, 'Mid-term') returning id",
        *(section, subject),
    )
    for number, name in enumerate(HOSTILE.values()):
        student = await connection.fetchval(
            "insert into students (school_id, student_number, first_name)"
            " values ($1, $2, $3) returning id",
            *(school, f"S{number}", name),
        )
        await connection.execute("insert into enrollments values ($1, $2)", student, section)
        await connection.execute(
            "insert into grades (student_id, exam_id, score) values ($1, $2, $3)",
            *(student, exam, 50 + 10 * number),
        )
        await connection.execute(
            "insert into attendance (student_id, section_id, date, status)"
            " values ($1, $2, '2025-10-20', 'present')",
            *(student, section),
        )
    return int(section)


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    async with await browser.new_context() as context:
        yield context


async def signed_in(context: BrowserContext, server: Server, **kept: Any) -> Page:
    """A page of ``context`` that shows the overview; ``errors`` collects what the console says."""
    page = await context.new_page()
    errors = kept.get("errors")
    if errors is not None:
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(server.url)
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{server.url}/")
    return page
