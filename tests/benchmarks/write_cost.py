"""What capture costs the writers: python tests/benchmarks/write_cost.py [--seconds S] [--rounds N].

Inserts a second at 1, 8 and 32 writers (pgbench) into three databases of one Postgres: the school's
tables alone; the same with the usual row trigger that sends the row as JSON by NOTIFY, somebody
listening; and with classpulse, a server projecting meanwhile, with nobody reading its stream and
with a reader (a process of its own, as it would be on another machine). In interleaved rounds, so
that a machine that slows down slows all of them. Then a COPY of 100,000 grades.
"""

import argparse
import asyncio
import contextlib
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import figures

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

from processes import STREAM, Message, admin_token, follow, serving  # noqa: E402

from classpulse.database.embedded.cluster import embedded  # noqa: E402
from classpulse.database.install.migrate import migrate  # noqa: E402
from classpulse.sql import scripts  # noqa: E402

SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "max_wal_size")
WRITERS = (1, 8, 32)
STUDENTS, SECTIONS = 3000, 100
COPIED = 100_000
SCHOOL = f"""
    insert into schools (id, name) values (1, 'School');
    insert into subjects (id, school_id, name) select n, 1, 'Subject' from generate_series(1, 8) n;
    insert into sections (id, school_id, name)
    select n, 1, 'Class' from generate_series(1, {SECTIONS}) n;
    insert into students (id, school_id, first_name)
    select n, 1, 'Student' from generate_series(1, {STUDENTS}) n;
    insert into enrollments (student_id, section_id)
    select n, 1 + n % {SECTIONS} from generate_series(1, {STUDENTS}) n;
    analyze;
"""
# every column that classpulse would derive is given, so that all three do the same
INSERT = rf"""
\set student random(1, {STUDENTS})
\set subject random(1, 8)
\set score random(0, 100)
insert into grades (student_id, section_id, subject_id, score, total_marks, status)
values (:student, 1 + :student % {SECTIONS}, :subject, :score, 100, 'graded');
"""
USUAL_TRIGGER = """
    create function notify_row() returns trigger language plpgsql as $$
    begin
        perform pg_notify('grades', to_jsonb(new)::text);
        return null;
    end $$;
    create trigger notify_row after insert on grades for each row execute function notify_row();
"""


def address(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def prepared(url: str, database: str) -> None:
    admin = await asyncpg.connect(url)
    await admin.execute(f"create database {database}")
    await admin.close()
    if database == "classpulse_":
        await migrate(address(url, database))
    connection = await asyncpg.connect(address(url, database))
    if database != "classpulse_":
        await connection.execute(scripts("migrations")[0].read_text())
    await connection.execute(SCHOOL)
    if database == "row_notify":
        await connection.execute(USUAL_TRIGGER)
    await connection.close()


@contextlib.contextmanager
def reading(url: str, token: str) -> Iterator[None]:
    """Somebody reads the stream, and comes back when closed for being slow; curl, discarding it."""
    command = 'while :; do curl -Nso /dev/null -H "$1" "$2"; sleep 0.2; done'
    reader = subprocess.Popen(
        ["sh", "-c", command, "sh", f"Authorization: Bearer {token}", url], start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(reader.pid, signal.SIGKILL)
        reader.wait()


def inserts_a_second(programs: Path, url: str, script: Path, writers: int, seconds: int) -> float:
    done = subprocess.run(
        [
            programs / "pgbench", "--no-vacuum", "--protocol=prepared", f"--file={script}",
            f"--client={writers}", f"--jobs={min(writers, 2)}", f"--time={seconds}", url,
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


async def copied(url: str) -> float:
    """Seconds of a COPY of grades."""
    connection = await asyncpg.connect(url)
    rows = [
        (1 + n % STUDENTS, 1 + (1 + n % STUDENTS) % SECTIONS, 1 + n % 8, n % 101, 100, "graded")
        for n in range(COPIED)
    ]
    began = time.monotonic()
    await connection.copy_records_to_table(
        "grades",
        columns=["student_id", "section_id", "subject_id", "score", "total_marks", "status"],
        records=rows,
    )
    took = time.monotonic() - began
    await connection.close()
    return took


async def measured(
    url: str, programs: Path, folder: Path, seconds: int, rounds: int
) -> dict[str, float]:
    """Prints the table; returns the shares of the server that has a reader."""
    script = folder / "insert.sql"
    script.write_text(INSERT)
    cases = {
        ("bare", False): "no triggers",
        ("row_notify", False): "row trigger, NOTIFY",
        ("classpulse_", False): "classpulse",
        ("classpulse_", True): "classpulse, with a reader",
    }
    for database in dict.fromkeys(database for database, _ in cases):
        await prepared(url, database)
    ours = address(url, "classpulse_")
    listener = await asyncpg.connect(address(url, "row_notify"))
    heard = 0

    def hear(*_: object) -> None:
        nonlocal heard
        heard += 1

    await listener.add_listener("grades", hear)
    admin = await asyncpg.connect(ours)
    token = await admin_token(admin)
    with serving(ours, folder / "server.log") as server:
        told = asyncio.Event()

        def got(message: Message) -> None:
            if message.event == "bulk_update":
                told.set()

        print(
            f"inserts a second, {rounds} rounds of {seconds} s, median"
            " (share of no triggers; times the row trigger)"
        )
        print(f"{'':28}" + "".join(f"{f'{writers} writers':>24}" for writers in WRITERS))
        rates: dict[tuple[tuple[str, bool], int], list[float]] = {}
        for _ in range(rounds):
            for writers in WRITERS:
                for case in cases:
                    database, is_read = case
                    stream = reading(server.url + STREAM, token)
                    with stream if is_read else contextlib.nullcontext():
                        rate = await asyncio.to_thread(
                            inserts_a_second,
                            programs, address(url, database), script, writers, seconds,
                        )  # fmt: skip
                        rates.setdefault((case, writers), []).append(rate)
                        # the next one begins with nothing left to do
                        await admin.execute("call performance_wait(timeout => '300 s')")
        found: dict[str, float] = {}
        for case, title in cases.items():
            cells = []
            for writers in WRITERS:
                rate, bare, usual = (
                    statistics.median(rates[one, writers])
                    for one in (case, ("bare", False), ("row_notify", False))
                )
                if case == ("classpulse_", True):
                    found[f"share {writers}"] = rate / bare * 100
                    found[f"of row trigger {writers}"] = rate / usual
                    found[f"bare {writers}"] = bare
                    found[f"row trigger {writers}"] = usual
                cells.append(f"{f'{rate:,.0f} ({rate / bare:.0%}; {rate / usual:.2f} x)':>24}")
            print(f"{title:28}" + "".join(cells), flush=True)

        # one that comes back with its last id: a reader that can't keep up is closed
        following = asyncio.create_task(follow([server.url + STREAM], token, got))
        print(f"\nCOPY of {COPIED:,} grades, seconds")
        print(f"{'no triggers':40}{await copied(address(url, 'bare')):8.2f}")
        told.clear()
        began = time.monotonic()
        print(f"{'classpulse':40}{await copied(ours):8.2f}")
        committed = time.monotonic()
        await admin.execute("call performance_wait(timeout => '300 s')")
        print(
            f"{'  from COMMIT until the figures are right':40}{time.monotonic() - committed:8.2f}"
        )
        async with asyncio.timeout(60):
            await told.wait()
        print(f"{'  from COMMIT until the stream was told':40}{time.monotonic() - committed:8.2f}")
        print(f"{'  in all':40}{time.monotonic() - began:8.2f}")
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    await admin.close()
    await listener.close()
    return found


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    figures.add_option(parser)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        async with embedded(Path(name) / "data") as postgres:
            connection = await asyncpg.connect(postgres.url)
            shown = [f"{name}={await connection.fetchval(f'show {name}')}" for name in SETTINGS]
            await connection.close()
            print(", ".join(shown))
            found = await measured(
                postgres.url, postgres.bin_path, Path(name), given.seconds, given.rounds
            )
    figures.write(given, found)


if __name__ == "__main__":
    asyncio.run(main())
