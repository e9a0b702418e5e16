"""What the README tells people to paste does what it says."""

import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.test_demo import Demo, demo
from processes import command, free_port, surroundings

EDUCATOR, TOOL, CURL = (
    "Five minutes for an educator",
    "Five minutes for a database-side tool",
    "Five minutes with curl",
)


@pytest.fixture(scope="module")
def running() -> Iterator[Demo]:
    """A demo as the first command starts it, but on a port and in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with demo(Path(folder).resolve() / "data", "--port", str(port), "--no-simulate") as started:
            started.line("is running: ")
            yield started
            started.end(signal.SIGINT)


def blocks(checkout: Path, heading: str) -> list[str]:
    text = (checkout / "README.md").read_text()
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found
    return found


def pasted(block: str, running: Demo, folder: Path) -> str:
    """The output of a block, run by a shell."""
    run = " ".join(f"'{word}'" for word in command())
    script = folder / "classpulse"
    script.write_text(f'#!/bin/sh\nexec {run} "$@"\n')
    script.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", block.replace("http://127.0.0.1:8000", running.url)],
        env=surroundings(PATH=f"{folder}:/usr/bin:/bin", CLASSPULSE_DATA_DIR=str(running.data_dir)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    # 28: curl's own time limit ended the stream, as the block asks for
    assert done.returncode in (0, 28), done.stderr
    assert done.stderr == "" or "% Total" in done.stderr
    return done.stdout


def test_the_login_is_the_one_that_the_demo_prints(checkout: Path, running: Demo) -> None:
    text = (checkout / "README.md").read_text().split(f"## {EDUCATOR}")[1]
    for word in ("teacher@demo.school", "classpulse-demo"):
        assert word in running.line("log in as")
        assert word in text


def test_a_database_tool_writes_waits_and_reads(
    checkout: Path, running: Demo, tmp_path: Path
) -> None:
    writing, reading = blocks(checkout, TOOL)
    assert pasted(writing, running, tmp_path).split() == ["INSERT", "0", "1", "UPDATE", "1"]
    out = pasted(reading, running, tmp_path)
    assert "CALL" in out
    assert re.search(r"\| +0 \| +0 \| *\n\(1 row\)", out), "a backlog of 0, nothing set aside"
    assert "(5 rows)" in out


def test_curl_listens_resumes_and_asks(checkout: Path, running: Demo, tmp_path: Path) -> None:
    listening, resuming = blocks(checkout, CURL)
    heard = pasted(listening.replace("-m 15", "-m 2"), running, tmp_path)
    assert heard.index("retry: ") < heard.index("event: ready") < heard.index("event: heartbeat")
    heard = pasted(resuming.replace("-m 5", "-m 2 "), running, tmp_path)
    assert "event: grade_update" in heard
    assert '"overall_average"' in heard
    assert '"items"' in heard
