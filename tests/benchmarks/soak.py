"""A school day in short: python tests/benchmarks/soak.py [--minutes M] [--streams N] [--rate R].

Single-row changes at a steady rate with many streams open, for as long as asked. Printed every
minute: memory of the server's processes, size of the machinery's tables, how far the log is behind,
and the delays of a probe. What grows would grow here.
"""

import argparse
import asyncio
import resource
import time

import asyncpg
import psutil
from district import FIRST_TEACHER, TEACHERS, Running, district, spread, stream_request
from sustained import sizes, writing


async def drain(running: Running, token: str, got: list[int]) -> None:
    """One stream that reads all that comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.server.port)
    writer.write(stream_request(token))
    try:
        while chunk := await reader.read(2**16):
            got[0] += len(chunk)
        got[1] += 1
    finally:
        writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sections", type=int, default=667)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--rate", type=float, default=100)
    given = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    async with district(given.sections) as running:
        assert running.server.process is not None
        server = psutil.Process(running.server.process.pid)
        connection = await asyncpg.connect(running.url)
        got = [0, 0]
        teachers = (FIRST_TEACHER + n % TEACHERS for n in range(1, given.streams))
        tokens = [running.principal, *(running.token(one, "educator") for one in teachers)]
        reading = [asyncio.create_task(drain(running, token, got)) for token in tokens]
        await asyncio.sleep(2)
        seconds = given.minutes * 60
        print(f"{given.streams} streams, {given.rate:g} changes/s, {given.minutes:g} minutes")
        with writing(running, 4, seconds + 60, given.rate):
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                waits = []
                minute = time.monotonic() + 60
                while time.monotonic() < minute:
                    await asyncio.sleep(2)
                    asked = time.monotonic()
                    await connection.execute("call performance_wait(timeout => '60 s')")
                    waits.append((time.monotonic() - asked) * 1e3)
                family = [server, *server.children(recursive=True)]
                memory = sum(one.memory_info().rss for one in family) / 2**20
                median, _, highest = spread(waits)
                print(
                    f"{(time.monotonic() - began) / 60:4.0f} min: server {memory:.0f} MB,"
                    f" {got[0] / 2**20:,.0f} MB read, {got[1]} streams closed;"
                    f" wait for the figures: median {median:.0f} ms, highest {highest:.0f} ms;"
                    f" {await sizes(connection)}",
                    flush=True,
                )
        for one in reading:
            one.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
