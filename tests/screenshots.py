"""Pictures of every view, to document and to look at: ``python tests/screenshots.py``.

With ``--film`` half a minute of the overview while grades come in, instead. A demo school is made
for it, so that nothing of anybody's is in them.
"""

import asyncio
import io
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

sys.path.insert(0, str(Path(__file__).parent))

from processes import command, free_port, surroundings

from classpulse.demo.school import PASSWORD, TEACHER

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
SIZES = {"desktop": (1280, 900), "phone": (360, 740)}
THEMES = ("light", "dark")
VIEWS = {
    "overview": "/",
    "sections": "/sections",
    "section": "/sections/{section}",
    "exam": "/exams/{exam}",
    "subjects": "/subjects",
    "subject": "/subjects/{subject}",
    "grading": "/grading?section_id={section}&subject_id=2",
    "students": "/students?sort=average&order=desc",
    "student": "/sections/{section}?student={student}",
}


# Of the film: seconds, pictures a second, and what is in the picture.
FILM_SECONDS, FILM_RATE, FILM_SIZE = 30, 2, (1200, 680)


@dataclass(frozen=True)
class Demo:
    """Its address, and the surroundings of commands on its database."""

    url: str
    there: dict[str, str]


@contextmanager
def demo() -> Iterator[Demo]:
    """A demo in which something has happened, and now nothing moves."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="classpulse-") as folder:
        Path(folder).chmod(0o755)
        there = surroundings(CLASSPULSE_DATA_DIR=f"{folder}/data")
        process = subprocess.Popen(
            command("demo", "--no-simulate", "--port", str(port), "--data-dir", f"{folder}/data"),
            env=there,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if "Ctrl-C" in line:
                    break
            happened = command("simulate", "--count", "60", "--rate", "20")
            subprocess.run(happened, env=there, check=True)
            yield Demo(f"http://127.0.0.1:{port}", there)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


async def take(browser: Browser, url: str, size: str, theme: str) -> None:
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await page.goto(f"{url}/login")
    await page.screenshot(path=FOLDER / f"login-{size}-{theme}.png")
    await sign_in(page, url)
    ids = {
        "section": await _id(page, f"{url}/sections", "section"),
        "subject": await _id(page, f"{url}/subjects", "subject"),
    }
    ids["exam"] = await _id(page, f"{url}/sections/{ids['section']}", "exam")
    lowest = page.locator(".low a[data-student]").first
    ids["student"] = await lowest.get_attribute("data-student") or ""
    for name, address in VIEWS.items():
        await page.goto(url + address.format(**ids))
        await page.locator('body[data-link="live"]').wait_for()
        await page.screenshot(path=FOLDER / f"{name}-{size}-{theme}.png")
    await context.close()


async def sign_in(page: Page, url: str) -> None:
    """From the form to the overview."""
    await page.get_by_label("E-mail").fill(TEACHER)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{url}/")


async def film(browser: Browser, demo: Demo) -> None:
    """The overview while the simulator writes: as it looks, a picture every half a second."""
    width, height = FILM_SIZE
    context = await browser.new_context(viewport={"width": width, "height": height})
    page = await context.new_page()
    await page.goto(f"{demo.url}/login")
    await sign_in(page, demo.url)
    await page.locator('body[data-link="live"]').wait_for()
    writing = await asyncio.create_subprocess_exec(
        *command("simulate", "--rate", "2", "--count", str(2 * FILM_SECONDS)),
        env=demo.there,
        stdout=subprocess.DEVNULL,
    )
    pictures = []
    try:
        for _ in range(FILM_SECONDS * FILM_RATE):
            taken = Image.open(io.BytesIO(await page.screenshot()))
            pictures.append(taken.convert("RGB").resize((width * 3 // 4, height * 3 // 4)))
            await asyncio.sleep(1 / FILM_RATE)
    finally:
        if writing.returncode is None:
            writing.send_signal(signal.SIGINT)
        await writing.wait()
    await context.close()
    first, *others = pictures
    first.save(
        FOLDER / "overview-live.webp",
        save_all=True,
        append_images=others,
        duration=1000 // FILM_RATE,
        loop=0,
        quality=60,
        method=6,
    )


async def _id(page: Page, address: str, noun: str) -> str:
    await page.goto(address)
    link = page.locator(f'main a[data-to="{noun}"]').first
    return (await link.get_attribute("href") or "").rpartition("/")[2]


async def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "no Chromium: apt-get install -y chromium"
    FOLDER.mkdir(exist_ok=True)
    with demo() as school:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium,
                args=["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"],
            )
            if "--film" in sys.argv[1:]:
                await film(browser, school)
            else:
                for size in SIZES:
                    for theme in THEMES:
                        await take(browser, school.url, size, theme)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
