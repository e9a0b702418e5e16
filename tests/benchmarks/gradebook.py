"""What categories cost: python tests/benchmarks/gradebook.py [--rounds N].

In one database: grades in a section without a rule and in one whose work is in weighted categories
with drops, folded in batches of one and of 600, in turns. Then a section of 2,000 students with 40
items: how long after a changed weight all is right, a writer going on meanwhile. Postgres flushes
every commit.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

from classpulse.database.embedded.cluster import embedded  # noqa: E402
from classpulse.database.install.migrate import migrate  # noqa: E402
from classpulse.project.batch import project  # noqa: E402
from classpulse.project.epoch import open_log  # noqa: E402
from classpulse.project.leader import leader_session  # noqa: E402

PLAIN, WEIGHED, LARGE = 1, 2, 3
SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into subjects (id, school_id, name) values (1, 1, 'Maths');
insert into sections (id, school_id, name)
values (1, 1, 'Plain'), (2, 1, 'Weighed'), (3, 1, 'Large');
insert into students (id, school_id, first_name)
select n, 1, 'S' || n from generate_series(1, 2600) as n;
insert into enrollments (student_id, section_id)
select n, section from generate_series(1, 300) as n, generate_series(1, 2) as section
union all
select n, 3 from generate_series(601, 2600) as n;
insert into grade_categories (id, section_id, name, weight, drop_lowest)
select 10 * section + kind, section, 'Category ' || kind, 20 * kind, kind % 2
from generate_series(2, 3) as section, generate_series(1, 3) as kind;
insert into exams (id, section_id, subject_id, name, category_id)
select 100 * section + n, section, 1, 'Item ' || n,
    case when section > 1 then 10 * section + 1 + n % 3 end
from generate_series(1, 3) as section,
    generate_series(1, case section when 3 then 40 else 12 end) as n;
insert into grades (student_id, exam_id, score)
select enrollment.student_id, exam.id, (enrollment.student_id * 7 + exam.id * 13) % 101
from enrollments as enrollment
join exams as exam on exam.section_id = enrollment.section_id;
analyze;
"""
TOUCH = "update grades set score = (score + 1) % 101 where section_id = $1 and student_id = any($2)"


async def folded(session: Any, cursor: Any) -> float:
    """Milliseconds until all that was written is folded in."""
    began = time.perf_counter()
    while (await project(session, cursor)).written:
        pass
    return (time.perf_counter() - began) * 1000


async def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder, embedded(Path(folder)) as server:
        await migrate(server.url)
        tool = await asyncpg.connect(server.url)
        await tool.execute(SCHOOL)
        async with leader_session(server.url) as session:
            cursor = await open_log(session)
            await folded(session, cursor)
            for size in (1, 40):
                taken: dict[int, list[float]] = {PLAIN: [], WEIGHED: []}
                for number in range(rounds):
                    for section in (PLAIN, WEIGHED):
                        first = 1 + number * size % 250
                        await tool.execute(TOUCH, section, list(range(first, first + size)))
                        taken[section].append(await folded(session, cursor))
                plain, weighed = (statistics.median(taken[place]) for place in (PLAIN, WEIGHED))
                print(
                    f"12 grades of each of {size} students: {plain:.2f} ms plain,"
                    f" {weighed:.2f} ms weighed: {weighed / plain:.2f} ×"
                )
            await tool.execute("update grade_categories set weight = 25 where id = 31")
            print(f"a weight changed for 2,000 × 40: {await folded(session, cursor) / 1000:.2f} s")
            await tool.execute("update exams set counts = false where id = 301")
            print(f"an item that counts no more: {await folded(session, cursor) / 1000:.2f} s")
            began = time.perf_counter()
            await tool.execute("update grades set score = score + 1 where section_id = 3")
            print(f"80,000 grades updated with their history: {time.perf_counter() - began:.2f} s")
        await tool.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    asyncio.run(main(parser.parse_args().rounds))
