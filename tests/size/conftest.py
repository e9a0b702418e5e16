"""A district that is as large as any: made once, and cloned for each test that writes."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

SECTIONS = 3_333
TEACHER, PRINCIPAL, ADMIN = 1, 3, 4


@dataclass(frozen=True)
class District:
    """A database with so many sections of 30 standings each, and the educators who look at it.

    ``name`` is that of a database to clone, which nobody is connected to.
    """

    name: str
    url: str
    sections: int = SECTIONS

    @property
    def standings(self) -> int:
        """A standing is one student in one section."""
        return self.sections * 30


async def fill(url: str, sections: int = SECTIONS) -> None:
    """Write the rows and the figures of a district into a migrated database."""
    script = Path(__file__).with_name("district.sql").read_text()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script.replace("$sections", str(sections)))
        # what a server that has run for a while has done by itself
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def district_template(cluster: Any, template: str) -> AsyncIterator[str]:
    """The district to clone: nobody stays connected to it."""
    name = cluster.create(template)
    await fill(cluster.url_of(name))
    yield name
    cluster.drop(name)


@pytest.fixture(scope="session")
def district(cluster: Any, district_template: str) -> Iterator[District]:
    """One for all tests that only read; ``cluster.create(district.name)`` clones it."""
    name = cluster.create(district_template)
    yield District(district_template, cluster.url_of(name))
    cluster.drop(name)


@pytest.fixture
def own_district(cluster: Any, district_template: str) -> Iterator[District]:
    """A district of this test's own, to write into."""
    name = cluster.create(district_template)
    yield District(district_template, cluster.url_of(name))
    cluster.drop(name)


@pytest.fixture
async def query(district: District) -> "AsyncIterator[asyncpg.Connection[Any]]":
    """A connection to the district, for reading."""
    connection = await asyncpg.connect(district.url)
    yield connection
    await connection.close()
