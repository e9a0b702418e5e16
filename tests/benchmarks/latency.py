"""How long from COMMIT to the byte in curl: python tests/benchmarks/latency.py [--writes N].

One server process, one curl, single-row writes at a steady rate, each in a transaction of its own,
on a Postgres that flushes every commit: in the demo school, or in a district of `--sections N`.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import figures

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

from processes import STREAM, admin_token, serving  # noqa: E402
from size.conftest import fill  # noqa: E402

from classpulse.database.embedded.cluster import embedded  # noqa: E402
from classpulse.database.install.migrate import migrate  # noqa: E402
from classpulse.demo.load import load  # noqa: E402

SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
WRITE = "insert into grades (student_id, subject_id, score) values ($1, $2, $3) returning id"


async def measured(
    url: str, writes: int, rate: float, folder: Path, first: int
) -> list[tuple[float, float]]:
    """The grades are of the students from ``first`` on.

    Milliseconds from the statement, and from the answer to its COMMIT, to the event's bytes."""
    writer = await asyncpg.connect(url)
    token = await admin_token(writer)
    arrived: dict[int, int] = {}
    with serving(url, folder / "server.log") as server:
        await writer.execute("call performance_wait(timeout => '60 s')")
        curl = await asyncio.create_subprocess_exec(
            "curl", "-sN", "-H", f"Authorization: Bearer {token}", server.url + STREAM,
            stdout=asyncio.subprocess.PIPE, limit=2**24,
        )  # fmt: skip
        assert curl.stdout is not None
        lines = curl.stdout
        while not (await lines.readline()).startswith(b"event: ready"):
            pass

        async def read() -> None:
            while len(arrived) < writes:
                line = await lines.readline()
                now = time.monotonic_ns()
                if line.startswith(b"data: ") and b'"grade_data"' in line:
                    arrived[json.loads(line[6:])["grade_data"]["grade_id"]] = now

        reading = asyncio.create_task(read())
        statement = await writer.prepare(WRITE)
        sent: dict[int, tuple[int, int]] = {}
        start = time.monotonic()
        for number in range(writes):
            await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
            began = time.monotonic_ns()
            grade = await statement.fetchval(first + number % 180, 1 + number % 8, 50 + number % 50)
            sent[grade] = (began, time.monotonic_ns())
        async with asyncio.timeout(30):
            await reading
        curl.kill()
        await curl.wait()
    await writer.close()
    return [
        ((arrived[grade] - began) / 1e6, (arrived[grade] - committed) / 1e6)
        for grade, (began, committed) in sent.items()
    ]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--sections", type=int, default=0)
    figures.add_option(parser)
    given = parser.parse_args()
    # of a district the first students are in two sections each
    first = given.sections * 15 or 1
    with tempfile.TemporaryDirectory() as name:
        async with embedded(Path(name) / "data") as postgres:
            await migrate(postgres.url)
            await (fill(postgres.url, given.sections) if given.sections else load(postgres.url))
            connection = await asyncpg.connect(postgres.url)
            shown = [f"{name}={await connection.fetchval(f'show {name}')}" for name in SETTINGS]
            await connection.close()
            times = await measured(postgres.url, given.writes, given.rate, Path(name), first)
    print(f"{given.writes} writes at {given.rate:g}/s, one server process; {', '.join(shown)}")
    print(f"{'milliseconds':32}{'median':>8}{'p99':>8}{'highest':>9}")
    for title, column in (("from the statement to curl", 0), ("from COMMIT's answer to curl", 1)):
        ordered = sorted(row[column] for row in times)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        if column:
            found = {"median": ordered[len(ordered) // 2], "p99": p99}
        print(f"{title:32}{ordered[len(ordered) // 2]:8.1f}{p99:8.1f}{ordered[-1]:9.1f}")
    figures.write(given, found)


if __name__ == "__main__":
    asyncio.run(main())
