"""What `performance_update` costs everybody: python tests/benchmarks/updates.py [--seconds S].

Single-row changes at a steady rate in a district of 20,000 students, 180 teachers' streams and 20
of principals, first without and then with `performance_update`. Printed: time from COMMIT's answer
to the receipt of the event, over all streams, and the bytes of an update.
"""

import argparse
import asyncio
import random
import re
import select
import socket
import time
from dataclasses import dataclass

import asyncpg
import figures
from district import FIRST_TEACHER, TEACHERS, Running, district, spread, stream_request

PRINCIPALS = 20
WRITE = "update grades set score = $2 where id = $1"
PICK = "select id from grades order by hashint8(id) limit 1000"
EVENT = re.compile(rb'"grade_id":\s?(\d+)')


@dataclass
class Heard:
    """What one run of the streams got."""

    late_ms: list[float]
    update_bytes: list[int]


def open_streams(running: Running, types: str) -> list[socket.socket]:
    tokens = [running.token(FIRST_TEACHER + n, "educator") for n in range(TEACHERS)]
    asked = [(token, "grade_update") for token in tokens]
    asked += [(running.principal, types)] * PRINCIPALS
    sockets = []
    for token, kinds in asked:
        one = socket.create_connection(("127.0.0.1", running.server.port))
        one.sendall(stream_request(token, f"?types={kinds}"))
        one.settimeout(20)
        assert b"200" in one.recv(4096)
        one.setblocking(False)
        sockets.append(one)
    return sockets


def listen(sockets: list[socket.socket], seconds: float) -> tuple[dict[int, list[int]], list[int]]:
    """Read for a while: when each grade's event came, and how long each update was."""
    poll = select.epoll()
    by_number = {one.fileno(): one for one in sockets}
    rest = dict.fromkeys(by_number, b"")
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    arrived: dict[int, list[int]] = {}
    updates: list[int] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for number, _ in poll.poll(0.1):
            chunk = by_number[number].recv(2**18)
            now = time.monotonic_ns()
            if not chunk:
                raise SystemExit("the server closed a stream")
            *whole, rest[number] = (rest[number] + chunk).split(b"\n\n")
            for frame in whole:
                if b"event: performance_update" in frame:
                    updates.append(len(frame))
                elif found := EVENT.search(frame):
                    arrived.setdefault(int(found[1]), []).append(now)
    poll.close()
    return arrived, updates


async def heard(running: Running, types: str, rate: float, seconds: float) -> Heard:
    """The streams of one kind under the changes; blocking readers in a thread of their own."""
    sockets = await asyncio.to_thread(open_streams, running, types)
    writer = await asyncpg.connect(running.url)
    grades = [row["id"] for row in await writer.fetch(PICK)]
    reading = asyncio.create_task(asyncio.to_thread(listen, sockets, seconds + 3))
    statement = await writer.prepare(WRITE)
    committed: dict[int, list[int]] = {}
    await asyncio.sleep(1)
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        grade = grades[number % len(grades)]
        await statement.fetch(grade, random.randrange(10_000) / 100)
        committed.setdefault(grade, []).append(time.monotonic_ns())
    arrived, updates = await reading
    await writer.close()
    for one in sockets:
        one.close()
    late = [
        (when - max(c for c in committed[grade] if c <= when + 5_000_000)) / 1e6
        for grade, times in arrived.items()
        if grade in committed
        for when in times
        if any(c <= when + 5_000_000 for c in committed[grade])
    ]
    return Heard(late, updates)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sections", type=int, default=667)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    figures.add_option(parser)
    given = parser.parse_args()
    found: dict[str, float] = {}
    async with district(given.sections) as running:
        print(
            f"{given.sections} sections of 30 students, {given.rate:g} changes/s,"
            f" {TEACHERS + PRINCIPALS} streams"
        )
        for title, types in (
            ("without performance_update", "grade_update"),
            (f"{PRINCIPALS} ask for it", "grade_update,performance_update"),
        ):
            got = await heard(running, types, given.rate, given.seconds)
            median, p99, highest = spread(got.late_ms)
            word = "with" if got.update_bytes else "without"
            found |= {f"{word} median": median, f"{word} p99": p99}
            print(
                f"{title:28} {len(got.late_ms)} deliveries: median {median:.1f} ms,"
                f" p99 {p99:.1f} ms, highest {highest:.1f} ms"
            )
            if got.update_bytes:
                found["update kb"] = sorted(got.update_bytes)[len(got.update_bytes) // 2] / 1e3
                whole, half = max(got.update_bytes), sorted(got.update_bytes)
                print(
                    f"  {len(half)} updates: median {half[len(half) // 2] / 1e3:.1f} KB,"
                    f" largest {whole / 1e3:.1f} KB (the first of a stream is whole)"
                )
    figures.write(given, found)


if __name__ == "__main__":
    asyncio.run(main())
