"""What the dashboard costs a browser: python tests/benchmarks/page.py [--events N].

On the demo school, and on one of 2,000 students who are all in one educator's sections: time to
first paint, time from COMMIT to the changed pixel, tasks over 50 ms, and what memory and nodes
are left after many events.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
from playwright.async_api import BrowserContext, Page, async_playwright

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

from processes import serving  # noqa: E402

from classpulse.database.embedded.cluster import embedded  # noqa: E402
from classpulse.database.install.migrate import migrate  # noqa: E402
from classpulse.demo.load import load  # noqa: E402
from classpulse.demo.school import PASSWORD, TEACHER  # noqa: E402

TEACHES_ALL = (
    "insert into section_educators select section.id, educator.id from sections as section,"
    f" educators as educator where educator.email = '{TEACHER}' on conflict do nothing"
)
# A whole exam at once: of one grade an average over 2,000 students shows nothing.
MARK_AGAIN = "update grades set score = $2 where exam_id = $1 and status = 'graded'"
UPDATE = "update grades set score = least(total_marks, $2) where id = $1"
HEAD = (
    f"{'':24}{'first byte':>11}{'first paint':>12}{'nodes':>8}"
    f"{'COMMIT → pixel':>17}{'p90':>6}{'long tasks':>12}"
)
# Collects tasks over 50 ms, and tells when the text of an element has changed and been painted.
WATCH = """() => {
  window.long = [];
  new PerformanceObserver((list) => {
    list.getEntries().forEach((one) => window.long.push(one.duration));
  }).observe({ entryTypes: ['longtask'] });
  window.painted = (selector) => new Promise((resolve) => {
    const element = document.querySelector(selector);
    const before = element.textContent;
    const look = () => {
      // what a fetch sets back and an event sets again in one frame nobody has seen
      if (element.textContent === before) return;
      observer.disconnect();
      resolve(performance.timeOrigin + performance.now());
    };
    const observer = new MutationObserver(() => requestAnimationFrame(() => setTimeout(look)));
    observer.observe(element, { childList: true, characterData: true, subtree: true });
  });
}"""


async def signed_in(context: BrowserContext, url: str) -> Page:
    page = await context.new_page()
    await page.goto(f"{url}/login")
    await page.get_by_label("E-mail").fill(TEACHER)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{url}/")
    return page


async def first_paint(page: Page, address: str) -> tuple[float, float, int]:
    """Median milliseconds to the first byte and to the first paint of five loads, and the nodes."""
    bytes_, paints = [], []
    for _ in range(5):
        await page.goto(address)
        await page.locator('body[data-link="live"]').wait_for()
        found = await page.evaluate(
            "() => [performance.getEntriesByType('navigation')[0].responseStart,"
            " performance.getEntriesByName('first-contentful-paint')[0].startTime]"
        )
        bytes_.append(found[0])
        paints.append(found[1])
    nodes = await page.evaluate("() => document.querySelectorAll('*').length")
    return sorted(bytes_)[2], sorted(paints)[2], nodes


async def to_the_pixel(page: Page, writer: Any, selector: str, exam: int) -> list[float]:
    """Milliseconds from COMMIT's answer to the painted change, of 30 writes of an exam each."""
    await page.evaluate(WATCH)
    taken = []
    for number in range(30):
        painted = asyncio.create_task(page.evaluate("(one) => window.painted(one)", selector))
        await asyncio.sleep(0.6)  # the watch is set, and the figures of before are settled
        await writer.execute(MARK_AGAIN, exam, 1 + number % 2 * 9)
        committed = time.time() * 1000
        taken.append(await asyncio.wait_for(painted, 10) - committed)
    return sorted(taken)


async def memory(page: Page, writer: Any, grades: list[int], events: int) -> None:
    """Heap and nodes after a warm-up, then after each fifth of the events."""
    client = await page.context.new_cdp_session(page)
    await client.send("Performance.enable")
    await page.evaluate("() => { window.long = [] }")
    for step in range(6):
        for number in range(events // 5 if step else 500):
            grade = grades[number % len(grades)]
            await writer.execute(UPDATE, grade, 1 + (number + step) % 9)
        await writer.execute("call performance_wait(timeout => '60 s')")
        await asyncio.sleep(3)
        await client.send("HeapProfiler.collectGarbage")
        metrics = {
            one["name"]: one["value"]
            for one in (await client.send("Performance.getMetrics"))["metrics"]
        }
        title = f"    after {500 + step * (events // 5):6} events"
        heap = metrics["JSHeapUsedSize"] / 1e6
        print(f"{title}: heap {heap:6.2f} MB, {metrics['Nodes']:6.0f} nodes", flush=True)
    long = await page.evaluate("() => window.long")
    print(
        f"    tasks over 50 ms while they came: {len(long)}, longest {max(long, default=0):.0f} ms"
    )


async def measured(url: str, server: str, chromium: str, events: int) -> None:
    writer = await asyncpg.connect(url)
    section = await writer.fetchval(
        "select figures.section_id from performance_cache as figures"
        " join section_educators using (section_id)"
        " join educators as educator on educator.id = educator_id and educator.email = $1"
        " where subject_id is null order by total_students desc limit 1",
        TEACHER,
    )
    exam, student = await writer.fetchrow(
        "select grade.exam_id, grade.student_id from grades as grade join students as student"
        " on student.id = grade.student_id where section_id = $1 and status = 'graded'"
        " order by student.first_name || ' ' || student.last_name limit 1",
        section,
    )
    rows = await writer.fetch("select id from grades where status = 'graded'")
    grades = [row["id"] for row in rows]
    own = f'[data-record="standing:{student}-{section}"] [data-field="average_score"]'
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"],
        )
        context = await browser.new_context()
        page = await signed_in(context, server)
        print(HEAD)
        for name, path, place in (
            ("overview", "/", '.tiles [data-field="overall_average"]'),
            (
                "sections",
                "/sections",
                f'[data-record="section:{section}"] [data-field="average_score"]',
            ),
            ("section", f"/sections/{section}", own),
            ("students (100 rows)", f"/students?section_id={section}", own),
            ("students (500 rows)", f"/students?section_id={section}&limit=500", own),
        ):
            first, paint, nodes = await first_paint(page, server + path)
            taken = await to_the_pixel(page, writer, place, exam)
            long = await page.evaluate("() => window.long.length")
            print(
                f"{name:24}{first:8.0f} ms{paint:9.0f} ms{nodes:8}{taken[15]:14.0f} ms"
                f"{taken[27]:6.0f}{long:12}",
                flush=True,
            )
        await page.goto(server)
        await page.locator('body[data-link="live"]').wait_for()
        await page.evaluate(WATCH)
        print(f"    overview, {events} events of single rows:")
        await memory(page, writer, grades, events)
        await browser.close()
    await writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "no Chromium: apt-get install -y chromium"
    for students in (180, 2000):
        with tempfile.TemporaryDirectory() as name:
            Path(name).chmod(0o755)  # noqa: ASYNC240
            async with embedded(Path(name) / "data") as postgres:
                await migrate(postgres.url)
                await load(postgres.url, students=students)
                connection = await asyncpg.connect(postgres.url)
                if students > 180:
                    await connection.execute(TEACHES_ALL)
                with serving(postgres.url, Path(name) / "server.log") as server:
                    await connection.execute("call performance_wait(timeout => '120 s')")
                    await connection.close()
                    print(f"\n{students} students in the school")
                    await measured(postgres.url, server.url, chromium, given.events)


if __name__ == "__main__":
    asyncio.run(main())
