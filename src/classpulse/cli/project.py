"""``classpulse project``: the projector as a process of its own, also as the child of a server."""

import asyncio
import logging
import logging.config
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait

import anyio
import click

from classpulse.cli import logs
from classpulse.cli.target import target
from classpulse.project.leader import Leader
from classpulse.serve.listening import event_loop
from classpulse.settings import Settings

log = logging.getLogger(__name__)

# Seconds: a child that ends soon is started again ever later.
AGAIN_FIRST, AGAIN_MOST = 0.1, 10.0
LASTED = 10.0
# So long a child may take to give the lock back.
STOP_SECONDS = 3.0


@click.command()
def project() -> None:
    """Calculate the figures and write the events, and nothing else.

    Any number may run: one leads, the others stand by. A server leaves the lead to it, and takes it
    back when there is none left. Ctrl-C ends it, and another takes over at once.
    """
    settings = Settings.from_environment()
    with target(settings) as chosen:
        logging.config.dictConfig(logs.configuration(settings.log))
        number = _run(_leader(settings, chosen.listen_url), _signal)
    raise SystemExit(128 + number)


def _leader(settings: Settings, url: str) -> Leader:
    return Leader(
        url,
        retention=settings.event_retention,
        history_retention=settings.history_retention,
        apart=True,
    )


def _run(leader: Leader, ended: Callable[[], Awaitable[int]]) -> int:
    async def run() -> int:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(leader.run)
            number = await ended()
            tasks.cancel_scope.cancel()
        return number

    return anyio.run(run, backend_options={"loop_factory": event_loop})


async def _signal() -> int:
    """The first signal that ends a process."""
    # nohup has the last one ignored
    hangup = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, *hangup) as signals:
        async for number in signals:
            return number
    raise AssertionError


@contextmanager
def projector_beside(settings: Settings, url: str) -> Iterator[None]:
    """A child that projects, started again whenever it dies, for the time of a ``with`` block."""
    stop, stopping = os.pipe()
    keeper = threading.Thread(target=_keep, args=(settings, url, stop), name="projector")
    keeper.start()
    try:
        yield
    finally:
        os.close(stopping)
        keeper.join()
        os.close(stop)


def _keep(settings: Settings, url: str, stop: int) -> None:
    processes = multiprocessing.get_context("spawn")
    pause = AGAIN_FIRST
    while True:
        began = time.monotonic()
        child = processes.Process(target=_child, args=(settings, url), name="classpulse projector")
        child.start()
        if stop in wait([stop, child.sentinel]):
            child.terminate()
            child.join(STOP_SECONDS)
            child.kill()
            child.join()
            return
        child.join()
        pause = AGAIN_FIRST if time.monotonic() - began > LASTED else min(2 * pause, AGAIN_MOST)
        log.warning(
            "the projector's process ended with %s: starting another in %.1f s",
            child.exitcode,
            pause,
        )
        if wait([stop], pause):
            return


def _child(settings: Settings, url: str) -> None:
    logging.config.dictConfig(logs.configuration(settings.log))
    # a terminal's Ctrl-C goes to all; the parent says when
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _run(_leader(settings, url), _parent_or_signal)


async def _parent_or_signal() -> int:
    """Without its parent nobody would ever end it."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(parent.sentinel, ended.set)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    loop.remove_reader(parent.sentinel)
    return signal.SIGTERM
