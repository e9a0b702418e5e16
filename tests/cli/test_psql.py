"""psql and the address of the database in use."""

import os
import subprocess
import time
from urllib.parse import urlsplit

import psutil
import pytest
from processes import command, surroundings

from classpulse.cli.psql import apart


@pytest.mark.parametrize(
    ("url", "address", "password"),
    [
        ("postgresql://u:p%40%3A@h:1/d", "postgresql://u@h:1/d", "p@:"),
        ("postgresql://u@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require", None),
        (
            "postgres://u@/d?host=%2Ftmp&password=a+b&port=5",
            "postgres://u@/d?host=%2Ftmp&port=5",
            "a+b",
        ),
        ("postgresql://h/d", "postgresql://h/d", None),
        ("postgresql://u:p@a:1,b:2/d", "postgresql://u@a:1,b:2/d", "p"),
    ],
)
def test_a_password_is_taken_out_of_the_address(url, address, password):
    assert apart(url) == (address, password)


def test_psql_gets_its_arguments_and_its_exit_code_comes_back(run_here, database_url):
    said = run_here("psql", "-At", "-c", "select current_database()")
    assert (said.code, said.err) == (0, "")
    assert said.out.strip() == urlsplit(database_url).path.lstrip("/")
    assert run_here("psql", "-c", "select nonsense").code == 1
    assert run_here("psql", "-v", "ON_ERROR_STOP=1", "-f", "/nonexistent").code == 1


def test_the_password_is_in_no_process_list(database_url):
    password = urlsplit(database_url).password
    with subprocess.Popen(
        command("psql", "-c", "select pg_sleep(30)"), env=surroundings(DATABASE_URL=database_url)
    ) as process:
        try:
            deadline = time.monotonic() + 10
            while not (children := psutil.Process(process.pid).children()):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            lines = [" ".join(one.cmdline()) for one in [*children, psutil.Process(process.pid)]]
            assert any("psql" in line for line in lines)
            assert not any(password in line for line in lines)
        finally:
            process.terminate()
            assert process.wait(10) == 143


def test_url_is_that_of_the_database_in_use(run_here, database_url):
    assert run_here("url").out == f"{database_url}\n"


def test_without_a_database_the_embedded_one_is_used_and_left_as_it_was(data_dir):
    def ran(*arguments):
        return subprocess.run(
            command(*arguments),
            env=surroundings(CLASSPULSE_DATA_DIR=str(data_dir)),
            capture_output=True,
            text=True,
            check=False,
        )

    said = ran("url")
    assert said.returncode == 0
    assert said.stdout.startswith("postgresql://classpulse_owner:")
    assert "stops with this command" in said.stderr
    assert ran("psql", "-Atc", "select 1").stdout == "1\n"
    assert not data_dir.joinpath("postgres", "postmaster.pid").exists()


@pytest.mark.parametrize(
    ("at_a_terminal", "arguments", "is_the_systems"),
    [(True, [], True), (True, ["--version"], False), (False, [], False)],
)
def test_who_types_gets_a_psql_that_edits_lines(
    data_dir, tmp_path, at_a_terminal, arguments, is_the_systems
):
    systems = tmp_path / "psql"
    systems.write_text("#!/bin/sh\necho the system\\'s\n")
    systems.chmod(0o755)
    user, terminal = os.openpty()
    done = subprocess.run(
        command("psql", *arguments),
        stdin=terminal if at_a_terminal else subprocess.DEVNULL,
        env=surroundings(
            CLASSPULSE_DATA_DIR=str(data_dir), PATH=f"{tmp_path}:{os.environ['PATH']}"
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    os.close(user)
    os.close(terminal)
    assert (done.stdout == "the system's\n") == is_the_systems
