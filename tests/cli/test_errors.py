"""An error is one line on stderr that says what to do, and exit code 2."""

import os
import signal
import subprocess
import time

import pytest
from processes import command, in_the_background

import classpulse
from classpulse.cli import COMMANDS

SECRET = "a secret for tests, of more than 32 bytes"
NOWHERE = "postgresql://nobody:hunter2@127.0.0.1:1/nothing"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["--nonsense"], "No such option '--nonsense'"),
        (["serve", "--port", "70000"], "--port"),
        (["token"], "Missing argument 'EMAIL' (see classpulse token --help)"),
        (["token", "a@b.c", "--ttl", "12"], "no duration like 90s, 15m, 12h or 7d"),
        (["token", "a@b.c", "--ttl", "31d"], "a token can be valid for 30d at most"),
        (["educator", "add", "nobody", "--name", "N"], "is no e-mail address"),
    ],
)
def test_a_wrong_command_line(run, arguments, expected):
    said = run(*arguments)
    assert said.code == 2
    assert said.err.startswith("classpulse: ")
    assert said.err.count("\n") == 1
    assert expected in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL: expected an address like postgresql://"),
        ({"PORT": "x"}, "PORT: expected a whole number"),
        ({"CLASSPULSE_LOG": "xml"}, "CLASSPULSE_LOG: expected text or json"),
        ({"CLASSPULSE_PROJECTOR": "no"}, "CLASSPULSE_PROJECTOR: expected inside or apart"),
        (
            {"CLASSPULSE_LOGIN_LIMIT": "ten"},
            "CLASSPULSE_LOGIN_LIMIT: expected two whole numbers like 10,50",
        ),
        ({"CLASSPULSE_REQUEST_LIMIT": "1,2,3"}, "two whole numbers like 600,1200"),
        ({"CLASSPULSE_STREAM_LIMIT": "-1"}, "CLASSPULSE_STREAM_LIMIT: expected a whole number"),
        (
            {"CLASSPULSE_FORWARDED_ALLOW": "*"},
            "CLASSPULSE_FORWARDED_ALLOW: expected addresses or networks like 10.0.0.5",
        ),
        ({"CLASSPULSE_JWT_SECRET": "short"}, "CLASSPULSE_JWT_SECRET: expected at least 32 bytes"),
        ({"CLASSPULSE_SESSION_DAYS": "0"}, "CLASSPULSE_SESSION_DAYS: expected a whole number"),
        ({"CLASSPULSE_ORIGIN": "a.example"}, "CLASSPULSE_ORIGIN: expected origins like https://"),
        ({"CLASSPULSE_ORIGIN": "https://a.example/x"}, "CLASSPULSE_ORIGIN: expected origins"),
        ({"CLASSPULSE_EVENT_RETENTION": "week"}, "CLASSPULSE_EVENT_RETENTION: expected a duration"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(run, settings, expected):
    said = run("serve", **settings)
    assert said.code == 2
    assert expected in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("command", ["migrate", "uninstall", "token", "serve", "verify"])
def test_a_database_out_of_reach_is_said_without_its_password(run, command):
    arguments = {"token": ["a@b.c"], "serve": ["--port", "0"]}.get(command, [])
    said = run(command, *arguments, DATABASE_URL=NOWHERE, CLASSPULSE_JWT_SECRET=SECRET)
    assert said.code == 2
    assert "nothing on 127.0.0.1:1 can't be reached" in said.err
    assert said.err.count("\n") == 1
    assert "hunter2" not in said.err


@pytest.mark.parametrize("arguments", [["--debug", "migrate"], ["migrate", "--debug"]])
def test_a_traceback_only_with_debug(run, arguments):
    said = run(*arguments, DATABASE_URL=NOWHERE)
    assert said.code == 2
    assert "Traceback" in said.err
    assert said.err.splitlines()[-1].startswith("classpulse: the database")


def test_a_database_without_classpulse_says_what_to_run(run, empty_database_url):
    said = run("token", "a@b.c", DATABASE_URL=empty_database_url, CLASSPULSE_JWT_SECRET=SECRET)
    assert (said.code, said.err) == (
        2,
        "classpulse: the database is not up to date: run classpulse migrate\n",
    )


def test_a_secret_is_needed_with_a_database_of_ones_own(run, database_url):
    said = run("serve", "--port", "0", DATABASE_URL=database_url)
    assert said.code == 2
    assert "CLASSPULSE_JWT_SECRET: expected a secret of at least 32 bytes" in said.err


def test_a_bug_is_one_line_too(run, monkeypatch):
    def broken(*_):
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr("classpulse.settings.Settings.from_environment", broken)
    said = run("url")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "RuntimeError: first second" in said.err
    assert "--debug" in said.err


def test_every_command_has_help_and_the_version_is_said(run):
    said = run("--version")
    assert (said.code, said.out) == (0, f"classpulse {classpulse.__version__}\n")
    listed = run("--help").out
    assert run().out == listed
    for name in COMMANDS:
        assert f"\n  {name} " in listed
        said = run(name, "--help")
        assert said.code == 0
        assert said.out.startswith(f"Usage: classpulse {name}")


@pytest.mark.parametrize("started", [list, in_the_background])
def test_ctrl_c_is_quiet_also_where_a_shell_had_it_ignored(started):
    with subprocess.Popen(
        started(command("educator", "add", "a@b.c", "--name", "N")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
    ) as process:
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert (process.stdout.read(), process.stderr.read()) == (b"", b"")
