"""A server told to stop ends its streams cleanly, however many."""

import asyncio
import signal
import time
from datetime import timedelta
from pathlib import Path

import asyncpg
import processes

from classpulse.serve.auth import tokens
from serve.live import STREAM, Feed


async def test_sigterm_ends_100_streams_within_5_seconds(
    school_url: str, tool: asyncpg.Connection, tmp_path: Path
) -> None:
    token = tokens.issue(processes.SECRET, 1, "educator", timedelta(hours=1))
    request = (
        f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    server = processes.Server(school_url, tmp_path / "server.log")
    server.start()
    try:
        await asyncio.to_thread(server.wait_until_ready)

        async def opened() -> Feed:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request)
            await reader.readuntil(b"\r\n\r\n")
            feed = Feed(reader, writer, 200, {})
            await feed.until("ready")
            return feed

        feeds = [await opened() for _ in range(99)]
        # one of them never reads
        _, deaf_writer = await asyncio.open_connection("127.0.0.1", server.port)
        deaf_writer.write(request)
        await asyncio.sleep(0.2)

        assert server.process is not None
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*(feed.end() for feed in feeds))
        assert await asyncio.to_thread(server.process.wait, 5) in (0, 128 + signal.SIGTERM)
        assert time.monotonic() - began < 5
        retries = {int(feed.frames[-1]["retry"]) for feed in feeds}
        assert max(retries) - min(retries) > 1000
        assert "Traceback" not in (tmp_path / "server.log").read_text()
        for feed in feeds:
            feed.writer.close()
        deaf_writer.close()
    finally:
        server.stop()
