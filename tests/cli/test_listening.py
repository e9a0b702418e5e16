"""``serve`` and ``demo`` answer alike: the same loop, and sockets that send at once."""

import asyncio
import socket

import pytest

from classpulse.cli import demo, serve
from classpulse.cli.target import Target
from classpulse.demo.host import bind
from classpulse.settings import Settings


@pytest.mark.reliability("delayed answers")
@pytest.mark.parametrize(
    "listen",
    [lambda: bind(0, explicit=True), lambda: serve.listening("127.0.0.1", 0)],
    ids=["demo", "serve"],
)
def test_an_answer_is_not_held_back(listen):
    with listen() as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            # what plain asyncio goes by when it sets the same option
            assert accepted.proto == socket.IPPROTO_TCP


@pytest.mark.reliability("delayed answers")
def test_the_demo_runs_on_the_loop_of_the_server(run, data_dir, monkeypatch, tmp_path):
    used = []

    async def record(*_):
        used.append(type(asyncio.get_running_loop()))

    monkeypatch.setattr(demo, "_until_stopped", record)
    assert run("demo", "--data-dir", str(data_dir)).code == 0

    configured = []
    monkeypatch.setattr(
        serve, "_ended_in_order", lambda config, _: configured.append(config) or True
    )
    with serve.listening("127.0.0.1", 0) as listening:
        monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/school")
        monkeypatch.setenv("CLASSPULSE_JWT_SECRET", "x" * 32)
        chosen = Target("postgresql://nowhere.invalid/school", "", "x" * 32)
        serve.run(Settings(data_dir=tmp_path), chosen, listening)
    loop = configured[0].get_loop_factory()()
    loop.close()
    assert used == [type(loop)]
    assert type(loop).__module__.partition(".")[0] == "uvloop"
