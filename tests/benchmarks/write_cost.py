"""What capture costs the writers: python tests/benchmarks/write_cost.py [--seconds S] [--rounds N].

Inserts a second at 1, 8 and 32 writers (pgbench) into three databases of one Postgres: the school's
tables alone; the same with the usual row trigger that sends the row as JSON by NOTIFY, somebody
listening; and with classpulse, a server projecting and streaming meanwhile. In interleaved rounds,
so that a machine that slows down slows all of them. Then a COPY of 100,000 grades.
"""

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

from processes import STREAM, Message, admin_token, follow, serving  # noqa: E402

from classpulse.database.embedded import embedded  # noqa: E402
from classpulse.database.migrate import migrate  # noqa: E402
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


async def measured(url: str, programs: Path, folder: Path, seconds: int, rounds: int) -> None:
    script = folder / "insert.sql"
    script.write_text(INSERT)
    databases = {
        "bare": "no triggers",
        "row_notify": "row trigger, NOTIFY",
        "classpulse_": "classpulse",
    }
    for database in databases:
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

        # one that comes back with its last id: a reader that can't keep up is closed
        reading = asyncio.create_task(follow([server.url + STREAM], token, got))
        print(
            f"inserts a second, {rounds} rounds of {seconds} s, median (and share of no triggers)"
        )
        print(f"{'':24}" + "".join(f"{f'{writers} writers':>18}" for writers in WRITERS))
        rates: dict[tuple[str, int], list[float]] = {}
        for _ in range(rounds):
            for writers in WRITERS:
                for database in databases:
                    rate = await asyncio.to_thread(
                        inserts_a_second, programs, address(url, database), script, writers, seconds
                    )
                    rates.setdefault((database, writers), []).append(rate)
                    # the next round begins with nothing left to do
                    await admin.execute("call performance_wait(timeout => '300 s')")
        for database, title in databases.items():
            cells = []
            for writers in WRITERS:
                rate = statistics.median(rates[database, writers])
                share = rate / statistics.median(rates["bare", writers])
                cells.append(f"{f'{rate:,.0f} ({share:.0%})':>18}")
            print(f"{title:24}" + "".join(cells))

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
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    await admin.close()
    await listener.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        async with embedded(Path(name) / "data") as postgres:
            connection = await asyncpg.connect(postgres.url)
            shown = [f"{name}={await connection.fetchval(f'show {name}')}" for name in SETTINGS]
            await connection.close()
            print(", ".join(shown))
            await measured(postgres.url, postgres.bin_path, Path(name), given.seconds, given.rounds)


if __name__ == "__main__":
    asyncio.run(main())
