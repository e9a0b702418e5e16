"""Real data, read from the folder that CLASSPULSE_REAL_DATA names."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder; without one the test is skipped, and says so."""
    given = os.environ.get("CLASSPULSE_REAL_DATA")
    if not given:
        pytest.skip("set CLASSPULSE_REAL_DATA to the folder of real data to run this")
    folder = Path(given).resolve()
    if not folder.is_dir():
        pytest.fail(f"CLASSPULSE_REAL_DATA: {folder} is no folder", pytrace=False)
    return folder


def rows(file: Path) -> Iterator[dict[str, str]]:
    """The lines of a CSV file by column."""
    with file.open(newline="", encoding="utf-8-sig") as lines:
        yield from csv.DictReader(lines)


async def stage(
    connection: "asyncpg.Connection[asyncpg.Record]", schema: str, files: list[Path]
) -> None:
    """COPY each file as it is into a table of texts, as a database-side tool begins."""
    await connection.execute(f"create schema {schema}")
    for file in files:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            header = [name or "unnamed" for name in next(csv.reader(lines))]
        columns = ", ".join(f'"{name}" text' for name in header)
        await connection.execute(f"create table {schema}.{file.stem} ({columns})")
        await connection.copy_to_table(
            file.stem, schema_name=schema, source=file, format="csv", header=True
        )
