"""What an answer takes, in time and bytes, at schools of several sizes.

    python tests/benchmarks/answers.py [--sections 667 3333] [--runs N]

Each is asked for on a kept connection, compressed as a browser takes it; printed: the median and
the highest time, bytes on the wire and unpacked.
"""

import argparse
import asyncio
import gzip
import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass

import figures
from district import Running, district, spread

API = "/api/v1/performance"
ASKED = (
    ("overview as JSON", f"{API}/overview"),
    ("overview page", "/"),
    ("subjects as JSON", f"{API}/subjects"),
    ("sections as JSON", f"{API}/sections"),
    ("students, first 50", f"{API}/students?limit=50"),
    ("students page", "/students"),
)


@dataclass(frozen=True)
class Answer:
    """One kind of answer to one kind of reader, measured."""

    reader: str
    title: str
    median_ms: float
    highest_ms: float
    wire_bytes: int
    bytes: int


def measured(running: Running, runs: int) -> Iterator[Answer]:
    """Ask for each; blocking."""
    for reader, token in (("teacher", running.teacher), ("principal", running.principal)):
        connection = http.client.HTTPConnection("127.0.0.1", running.server.port, timeout=60)
        headers = {
            "Authorization": f"Bearer {token}",
            "Cookie": f"classpulse_token={token}",
            "Accept-Encoding": "gzip",
        }
        for title, path in ASKED:
            times, body, wire = [], b"", b""
            for number in range(runs + 3):
                began = time.perf_counter()
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                wire = answer.read()
                if answer.status != 200:
                    raise SystemExit(f"{path}: {answer.status} {wire[:200]!r}")
                # the first ones find nothing prepared
                if number >= 3:
                    times.append((time.perf_counter() - began) * 1e3)
                packed = answer.headers.get("Content-Encoding") == "gzip"
                body = gzip.decompress(wire) if packed else wire
            median, _, highest = spread(times)
            yield Answer(reader, title, median, highest, len(wire), len(body))
        connection.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sections", type=int, nargs="+", default=[667, 3333])
    parser.add_argument("--runs", type=int, default=20)
    figures.add_option(parser)
    given = parser.parse_args()
    found: dict[str, float] = {}
    for sections in given.sections:
        async with district(sections) as running:
            print(f"\n{sections} sections of 30 students, {given.runs} times each")
            print(f"{'':36}{'median ms':>11}{'highest':>9}{'wire KB':>9}{'KB':>8}")
            for one in await asyncio.to_thread(lambda: list(measured(running, given.runs))):
                title = f"{one.reader}: {one.title}"
                found[f"{sections} {one.reader} {one.title} ms"] = one.median_ms
                found[f"{sections} {one.reader} {one.title} kb"] = one.wire_bytes / 1e3
                print(
                    f"{title:36}{one.median_ms:11.1f}{one.highest_ms:9.1f}"
                    f"{one.wire_bytes / 1e3:9.1f}{one.bytes / 1e3:8.1f}"
                )
    figures.write(given, found)


if __name__ == "__main__":
    asyncio.run(main())
