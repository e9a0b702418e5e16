"""Single-row commits for a while: python tests/benchmarks/sustained.py [--rate R] [--seconds S].

pgbench writes at a steady rate, one reader has every event, and a probe writes ten rows a second
whose way is timed: from COMMIT's answer to the receipt. Printed: what was written and told, the
probe's delays in each quarter, and the size of the machinery's tables after each. Then how long
`classpulse verify` takes beside six connections that write as fast as they can, and beside none.
"""

import argparse
import asyncio
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import figures
import psutil
from district import Running, district, spread, stream_request
from processes import SECRET, command, surroundings

from classpulse.project.verify import verify

WRITE = r"""
\set grade random(1, {grades})
\set score random(0, 100)
update grades set score = :score where id = :grade;
"""
PROBE = "update grades set score = $2, remarks = $3 where id = $1"
MARK = re.compile(rb'"remarks":\s?"probe (\d+)"')
SIZES = """
select relname, pg_total_relation_size(oid) / 1024 as kb
from pg_class
where oid in (
    'classpulse.changes'::regclass, 'classpulse.state'::regclass,
    'public.performance_cache'::regclass, 'public.student_performance_summaries'::regclass,
    'classpulse.subject_standings'::regclass
)
order by relname
"""


@contextmanager
def writing(running: Running, clients: int, seconds: float, rate: float) -> Iterator[None]:
    """pgbench beside the block; it ends with it."""
    with tempfile.TemporaryDirectory() as name:
        script = Path(name, "write.sql")
        # the district's grades, numbered from 1 on; one that is not there changes nothing
        script.write_text(WRITE.format(grades=running.grades))
        limit = [f"--rate={rate}"] if rate else []
        process = subprocess.Popen(
            [
                running.programs / "pgbench", "--no-vacuum", "--protocol=prepared",
                f"--file={script}", f"--client={clients}", "--jobs=2",
                f"--time={int(seconds)}", *limit, running.url,
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            process.wait()


async def sizes(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    rows = await connection.fetch(SIZES)
    return ", ".join(f"{row['relname']} {row['kb']:,} KB" for row in rows)


async def sustained(running: Running, rate: float, seconds: float) -> tuple[list[float], float]:
    """Print a line for each quarter; all delays of the probe (ms), and events told a second."""
    connection = await asyncpg.connect(running.url)
    first = await connection.fetchval("select min(id) from grades")
    reader, writer = await asyncio.open_connection("127.0.0.1", running.server.port, limit=2**24)
    writer.write(stream_request(running.principal))
    told, arrived = 0, dict[int, float]()

    async def read() -> None:
        nonlocal told
        rest = b""
        while chunk := await reader.read(2**20):
            now = time.monotonic()
            text = rest + chunk
            told += chunk.count(b"event: grade_update")
            for found in MARK.finditer(text):
                arrived.setdefault(int(found[1]), now)
            rest = text[-4096:]

    reading = asyncio.create_task(read())
    process = psutil.Process(running.server.process.pid if running.server.process else None)
    sent: dict[int, float] = {}
    late: list[float] = []
    with writing(running, 8, seconds + 5, rate):
        began = time.monotonic()
        for quarter in range(4):
            mine = range(int(quarter * seconds * 2.5), int((quarter + 1) * seconds * 2.5))
            for number in mine:
                await asyncio.sleep(max(0.0, began + number / 10 - time.monotonic()))
                await connection.execute(PROBE, first, number % 97, f"probe {number}")
                sent[number] = time.monotonic()
            await asyncio.sleep(1)
            delays = [(arrived.get(n, time.monotonic()) - sent[n]) * 1e3 for n in mine]
            late += delays
            median, p99, highest = spread(delays)
            seen = sum(n in arrived for n in mine)
            print(
                f"after {time.monotonic() - began:4.0f} s: {told:,} events told,"
                f" {told / (time.monotonic() - began):,.0f} a second; probe ({seen} of"
                f" {len(mine)}): median {median:.0f} ms, p99 {p99:.0f}, highest {highest:.0f};"
                f" server {process.memory_info().rss / 2**20:.0f} MB",
                flush=True,
            )
            print(f"    {await sizes(connection)}", flush=True)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    writer.close()
    await connection.close()
    return late, told / (time.monotonic() - began)


def verified(running: Running) -> float:
    """Seconds of `classpulse verify`; it must find no difference."""
    began = time.monotonic()
    done = subprocess.run(
        command("verify"),
        env=surroundings(DATABASE_URL=running.url, CLASSPULSE_JWT_SECRET=SECRET),
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"verify: {done.stdout[:500]} {done.stderr[:500]}")
    return time.monotonic() - began


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sections", type=int, default=667)
    parser.add_argument("--rate", type=float, default=3000)
    parser.add_argument("--seconds", type=float, default=60)
    figures.add_option(parser)
    given = parser.parse_args()
    async with district(given.sections) as running:
        # the district's attendance is figures alone
        await verify(running.url, repair=True)
        connection = await asyncpg.connect(running.url)
        print(f"{given.sections} sections of 30 students, {given.rate:,.0f} commits/s asked for")
        late, told = await sustained(running, given.rate, given.seconds)
        median, p99, highest = spread(late)
        print(f"probe in all: median {median:.0f} ms, p99 {p99:.0f} ms, highest {highest:.0f} ms")
        await connection.execute("call performance_wait(timeout => '300 s')")
        await connection.close()
        quiet = await asyncio.to_thread(verified, running)
        with writing(running, 6, 600, 0):
            await asyncio.sleep(1)
            busy = await asyncio.to_thread(verified, running)
        print(f"verify: {quiet:.1f} s quiet, {busy:.1f} s under writes ({busy / quiet:.1f} times)")
        figures.write(given, {"told a second": told, "p99": p99, "verify ratio": busy / quiet})


if __name__ == "__main__":
    asyncio.run(main())
