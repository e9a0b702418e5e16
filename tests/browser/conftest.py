"""A real server over a real database, and a real browser in front of it."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from absent import absent
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from processes import Server, serving
from stored import quick_hash

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
#: a wide family and a narrow one, with the package that brings each
FONTS = {"DejaVu Sans": "fonts-dejavu-core", "Liberation Sans": "fonts-liberation"}
ONLY_FONT = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include>/etc/fonts/fonts.conf</include>
  <selectfont>
    <rejectfont>
      <pattern><patelt name="scalable"><bool>true</bool></patelt></pattern>
      <pattern><patelt name="scalable"><bool>false</bool></patelt></pattern>
    </rejectfont>
    <acceptfont>
      <pattern><patelt name="family"><string>{family}</string></patelt></pattern>
    </acceptfont>
  </selectfont>
</fontconfig>
"""
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


@pytest.fixture(scope="session", params=FONTS)
async def browser_with_one_font(
    request: pytest.FixtureRequest, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browser]:
    """A browser on a machine that has no other family than this one."""
    family: str = request.param
    file = tmp_path_factory.mktemp("fonts") / "fonts.conf"
    file.write_text(ONLY_FONT.format(family=family))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=ARGUMENTS,
            env={**os.environ, "FONTCONFIG_FILE": str(file)},
        )
        if await _families(browser) != {family}:
            absent(family, FONTS[family])
        yield browser
        await browser.close()


async def _families(browser: Browser) -> set[str]:
    """What the browser draws plain words with."""
    page = await browser.new_page()
    await page.set_content("<p style='font-family: sans-serif'>Words</p>")
    session = await page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        await session.send(f"{domain}.enable")
    root = await session.send("DOM.getDocument")
    words = {"nodeId": root["root"]["nodeId"], "selector": "p"}
    node = await session.send("DOM.querySelector", words)
    drawn = await session.send("CSS.getPlatformFontsForNode", node)
    await page.close()
    return {font["familyName"] for font in drawn["fonts"]}


@pytest.fixture
def server(database_url: str, tmp_path: Path, school: int) -> Iterator[Server]:
    with serving(database_url, tmp_path / "server.log") as server:
        yield server


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
        *(educator, quick_hash(PASSWORD)),
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
