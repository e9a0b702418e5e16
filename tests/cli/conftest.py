"""The command line, run in this process: what it says, and its exit code."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest

from classpulse import cli

SECRET = "a secret for tests, of more than 32 bytes"


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


FeedGroup = Callable[..., Said]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> FeedGroup:
    """Runs a command with settings; nothing is typed unless ``typed`` is given."""

    def run(*arguments: str, typed: str = "", **settings: str) -> Said:
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            patch.setattr("sys.stdin", io.StringIO(typed))
            try:
                code = cli.run(list(arguments))
            except SystemExit as end:
                code = int(end.code or 0)
        return Said(code, *capfd.readouterr())

    return run


@pytest.fixture
def run_here(run: FeedGroup, database_url: str) -> FeedGroup:
    """Runs a command against this test's database."""

    def run_here(*arguments: str, **more: Any) -> Said:
        settings = {"DATABASE_URL": database_url, "CLASSPULSE_JWT_SECRET": SECRET}
        return run(*arguments, **{**settings, **more})

    return run_here


def claims(token: str) -> dict[str, Any]:
    """What a JWT says, unchecked."""
    return dict(jwt.decode(token, options={"verify_signature": False}))
