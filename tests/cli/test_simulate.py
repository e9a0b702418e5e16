"""``classpulse simulate`` as a command."""

import asyncio
import signal
import subprocess
import time

from processes import SECRET, command, in_the_background, surroundings

from classpulse.demo.load import load


def run(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command("simulate", *arguments),
        env=surroundings(DATABASE_URL=database_url, CLASSPULSE_JWT_SECRET=SECRET),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_it_tells_each_change_that_it_wrote(database_url: str) -> None:
    await load(database_url, students=12)
    done = run(database_url, "--count", "7", "--rate", "500")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 7


async def test_real_data_is_refused_in_one_line(database_url: str) -> None:
    done = run(database_url)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "--into-real-data" in done.stderr


def test_continuous_ends_with_ctrl_c_and_no_traceback(database_url: str) -> None:
    asyncio.run(load(database_url, students=12))
    with subprocess.Popen(
        in_the_background(command("simulate", "--continuous", "--rate", "100")),
        env=surroundings(DATABASE_URL=database_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert said == ""
