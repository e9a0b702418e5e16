"""What is limited holds over all workers of one ``classpulse serve``, by whichever is asked."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest
from processes import SECRET, command, free_port, surroundings

from serve.conftest import PASSWORD

LOGIN = "/api/v1/auth/login"
WORKERS = 2


@contextmanager
def two_workers(database_url: str, log: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address of a server with two workers, and its parent process."""
    port = free_port()
    with (
        log.open("wb") as file,
        subprocess.Popen(
            command("serve", "--port", str(port), "--workers", str(WORKERS)),
            env=surroundings(DATABASE_URL=database_url, CLASSPULSE_JWT_SECRET=SECRET),
            stdout=file,
            stderr=file,
        ) as process,
    ):
        try:
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)


def serving_sockets(parent: psutil.Process, port: int) -> dict[int, set[int]]:
    """Which worker holds which connection, by the client's port."""
    return {
        child.pid: {
            one.raddr.port
            for one in child.net_connections("tcp")
            if one.raddr and one.laddr.port == port
        }
        for child in parent.children(recursive=True)
    }


async def one_client_each(
    url: str, parent: psutil.Process, clients: list[httpx2.AsyncClient]
) -> list[httpx2.AsyncClient]:
    """A client with an open connection to each worker."""
    port = int(url.rsplit(":", 1)[1])
    found: dict[int, httpx2.AsyncClient] = {}
    known: set[int] = set()
    async with asyncio.timeout(60):
        while len(found) < WORKERS:
            client = httpx2.AsyncClient(base_url=url)
            clients.append(client)
            try:
                assert (await client.get("/healthz")).status_code == 200
            except httpx2.TransportError:
                # not started yet
                await asyncio.sleep(0.2)
                continue
            for pid, sockets in serving_sockets(parent, port).items():
                if sockets - known:
                    found.setdefault(pid, client)
                known |= sockets
    return list(found.values())


@pytest.mark.parametrize("email", ["ann@north.school", "nobody@north.school"])
async def test_failed_sign_ins_are_counted_exactly_over_both_workers(
    school_url: str, tmp_path: Path, email: str
) -> None:
    clients: list[httpx2.AsyncClient] = []
    with two_workers(school_url, tmp_path / "log") as (url, parent):
        workers = await one_client_each(url, parent, clients)

        async def sign_in(number: int, password: str) -> int:
            # it keeps its connection, and so its worker
            answer = await workers[number % WORKERS].post(
                LOGIN, json={"email": email, "password": password}, timeout=30
            )
            return answer.status_code

        codes = [await sign_in(number, "wrong") for number in range(12)]
        assert codes == [401] * 10 + [429] * 2
        for number in range(WORKERS):
            assert await sign_in(number, PASSWORD) == 429
        other = await workers[0].post(
            LOGIN, json={"email": "bob@north.school", "password": PASSWORD}, timeout=30
        )
        assert other.status_code == 200
        for client in clients:
            await client.aclose()
