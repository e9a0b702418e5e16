"""What all tests share: a real Postgres, and a database of one's own cloned from a template."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from xdist.scheduler import LoadFileScheduling

from classpulse.database.embedded.cluster import embedded
from classpulse.database.install.migrate import migrate

SETTINGS = (
    "DATABASE_URL",
    "PORT",
    "WEB_CONCURRENCY",
    *(name for name in os.environ if name.startswith("CLASSPULSE_")),
)
OUTSIDE = {"CLASSPULSE_TEST_DATABASE_URL", "CLASSPULSE_REAL_DATA"}
# A test's data need not survive a power cut; tests about that start a server of their own.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10min",
}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# Each worker has a Postgres, and many a test servers and a browser beside it.
MOST_WORKERS = 4


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-browser", action="store_true", help="leave out the tests that need Chromium"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium; left out by --no-browser")
    config.addinivalue_line(
        "markers", "reliability(kind): a kind of fault that docs/reliability.md counts"
    )


def pytest_xdist_auto_num_workers() -> int:
    """Files side by side, one worker a core."""
    return min(os.cpu_count() or 1, MOST_WORKERS)


class Scheduling(LoadFileScheduling):
    """A file to a worker, but all that open a browser to one: two browsers at once leave neither
    the second in which a page has to show a row."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "browser" if "/browser/" in f"/{file}" else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--no-browser"):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="--no-browser"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No setting of the developer's shell comes in, and nothing is written to their home."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in set(SETTINGS) - OUTSIDE:
            patch.delenv(name, raising=False)
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(home / name.lower()))
        patch.setenv("CLASSPULSE_DATA_DIR", str(home / "classpulse"))
        yield


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path."""
    for name in CHROMIUM:
        if found := shutil.which(name):
            return found
    pytest.fail("no Chromium: apt-get install -y chromium (or pytest --no-browser)", pytrace=False)


@dataclass(frozen=True)
class Cluster:
    """A Postgres server where tests may create databases and roles."""

    url: str
    portal: BlockingPortal
    admin: "asyncpg.Connection[asyncpg.Record]"

    def url_of(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def run(self, sql: str, *arguments: Any) -> Any:
        """One statement as the administrator; its first value."""
        return self.portal.call(self.admin.fetchval, sql, *arguments)

    def create(self, template: str = "template0") -> str:
        name = f"test_{secrets.token_hex(4)}"
        self.run(f"create database {name} template {template} strategy file_copy")
        return name

    def drop(self, name: str) -> None:
        self.run(f"drop database if exists {name} with (force)")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The embedded Postgres, or a server of CLASSPULSE_TEST_DATABASE_URL (a superuser's).

    Roles belong to a whole server: where files run side by side, each worker has one of its own.
    """
    given = os.environ.get("CLASSPULSE_TEST_DATABASE_URL", "").split()
    with start_blocking_portal("asyncio") as portal:
        if given:
            worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
            if worker >= len(given):
                pytest.fail("CLASSPULSE_TEST_DATABASE_URL: as many servers as workers, or -n 0")
            yield from _administered(given[worker], portal)
        else:
            with _folder_for_postgres() as folder, embedded(folder, FAST) as server:
                yield from _administered(server.url, portal)


@contextmanager
def _folder_for_postgres() -> Iterator[Path]:
    """Not among pytest's own folders: another session of pytest closes them to all other users,
    also to the one that Postgres runs as where we are root, and Postgres shuts down."""
    with tempfile.TemporaryDirectory(prefix="classpulse-tests-") as folder:
        yield Path(folder)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory of this test's own, not made yet; what still runs in it is ended."""
    with _folder_for_postgres() as folder:
        data_dir = folder / "data"
        yield data_dir
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            pid = int(data_dir.joinpath("postgres", "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
            if Path(process.cwd()) == data_dir / "postgres":
                process.kill()
                process.wait(5)


def _administered(url: str, portal: BlockingPortal) -> Iterator[Cluster]:
    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(url)

    admin = portal.call(connect)
    try:
        yield Cluster(url, portal, admin)
    finally:
        portal.call(admin.close)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> Iterator[str]:
    """A migrated database without a row of the school's, to clone."""
    name = cluster.create()
    cluster.portal.call(migrate, cluster.url_of(name))
    yield name
    cluster.drop(name)


@pytest.fixture
def database_url(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a migrated database of this test's own."""
    name = cluster.create(template)
    yield cluster.url_of(name)
    cluster.drop(name)


@pytest.fixture
def empty_database_url(cluster: Cluster) -> Iterator[str]:
    """The address of a database that has never seen classpulse."""
    name = cluster.create()
    yield cluster.url_of(name)
    cluster.drop(name)


@pytest.fixture
async def connection(database_url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A connection to this test's database, as any tool would have it."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds src, sql and tests."""
    return Path(__file__).parent.parent
