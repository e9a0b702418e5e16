"""What a batch of one change costs, in a school of any size: round trips, and pages of tables."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from classpulse.project.batch import project
from classpulse.project.epoch import open_log
from classpulse.project.leader import leader_session
from size.conftest import District, fill

GRADE = "update public.grades set score = 100 - score where student_id = 200"
REMARK = "update public.grades set remarks = coalesce(remarks, '') || '!' where student_id = 200"
REGISTER = """
insert into public.attendance (student_id, section_id, date, status)
values (200, 7, '2026-01-05', 'late')
on conflict (student_id, section_id, date, period) do update set status = 'absent'
"""
FOLD_GRADE = (
    "classpulse.fold('{200}', '{7}', '{1}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')"
)
FOLD_REGISTER = (
    "classpulse.fold('{}', '{}', '{}', '{200}', '{7}', '{}', '{}', '{}', '{}', '{}', '{}')"
)
TOLD = """
classpulse.figures_told(
    '{200}', '{7}', '{7}', '{7}', '{1}', '{200}', '{7}', '{1}', '{200}', '{57}', '{1}', '{}'
)
"""


@pytest.fixture(scope="module")
async def small(cluster: Any, template: str) -> AsyncIterator[str]:
    """A school of ten sections, otherwise like the district."""
    name = cluster.create(template)
    await fill(cluster.url_of(name), 10)
    yield cluster.url_of(name)
    cluster.drop(name)


@pytest.fixture
async def session(small: str) -> AsyncIterator[Any]:
    async with leader_session(small) as session:
        cursor = await open_log(session)
        while (await project(session, cursor)).written:
            pass
        yield session


@pytest.mark.parametrize("change", [GRADE, REMARK, REGISTER], ids=["grade", "remark", "attendance"])
async def test_a_batch_of_one_change_makes_five_round_trips(session: Any, change: str) -> None:
    """Locks, the look that takes, the fold that answers with figures, events, commit."""
    asked: list[str] = []
    cursor = await open_log(session)
    # the first time, the driver looks types up
    for _ in range(2):
        asked.clear()
        await session.execute(change)
        with session.query_logger(lambda record: asked.append(record.query)):
            outcome = await project(session, cursor)
            # it tells of a query in the next turn of the loop
            await asyncio.sleep(0)
        assert outcome.taken == 1
    assert len(asked) == 5, [query[:60] for query in asked]


async def test_a_batch_with_nothing_to_do_makes_three(session: Any) -> None:
    cursor = await open_log(session)
    asked: list[str] = []
    with session.query_logger(lambda record: asked.append(record.query)):
        await project(session, cursor)
        await asyncio.sleep(0)
    assert len(asked) == 3, [query[:60] for query in asked]


@pytest.mark.parametrize(
    ("change", "call", "most"),
    [
        (GRADE, FOLD_GRADE, 230),
        (REGISTER, FOLD_REGISTER, 90),
        (GRADE, TOLD, 140),
    ],
    ids=["grade", "attendance", "figures"],
)
async def test_a_change_reads_as_much_of_a_large_school_as_of_a_small_one(
    small: str, district: District, change: str, call: str, most: int
) -> None:
    in_small, in_large = [await pages(url, change, call) for url in (small, district.url)]
    assert in_large <= 1.2 * in_small
    assert in_large <= most


async def pages(url: str, change: str, call: str) -> int:
    """What a call reads after a change that is then undone, with its plans made."""
    read = 0
    async with leader_session(url) as session:
        for _ in range(2):
            await session.execute("begin")
            await session.execute(change)
            (plan,) = json.loads(
                await session.fetchval(f"explain (analyze, buffers, format json) select {call}")
            )
            await session.execute("rollback")
            read = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    return read


async def test_a_figure_is_rounded_once_wherever_it_is_named(session: Any) -> None:
    """Of one grade: averages, highest and lowest of standing, subject and section, and a date of
    each trend."""
    calls = "select calls from pg_stat_xact_user_functions where funcname = 'rounded'"
    async with session.transaction():
        await session.execute("set local track_functions = 'all'")
        await session.execute(GRADE)
        await session.fetch(f"select * from {FOLD_GRADE}")
        assert await session.fetchval(calls) <= 14


async def test_a_plan_made_for_a_new_school_holds_for_a_class_of_thousands(
    cluster: Any, template: str
) -> None:
    """Until statistics are gathered again, Postgres believes that a class has a few grades."""
    name = cluster.create(template)
    try:
        async with leader_session(cluster.url_of(name)) as session:
            # one of every kind, known to the statistics
            await session.execute(
                """
                insert into public.schools (id, name) values (1, 'School');
                insert into public.subjects (id, school_id, name) values (1, 1, 'Maths');
                insert into public.sections (id, school_id, name) values (7, 1, 'All');
                insert into public.students (id, school_id, first_name) values (200, 1, 'Ada');
                insert into public.enrollments (student_id, section_id) values (200, 7);
                insert into public.grades (
                    student_id, section_id, subject_id, score, total_marks, status
                ) values (200, 7, 1, 60, 100, 'graded');
                analyze;
                """
            )
            await session.fetch(f"select * from {FOLD_GRADE}")
            await session.execute(
                """
                alter table public.grades set (autovacuum_enabled = off);
                insert into public.students (id, school_id, first_name)
                select n, 1, 'S' || n from generate_series(1000, 2999) as n;
                insert into public.enrollments (student_id, section_id)
                select n, 7 from generate_series(1000, 2999) as n;
                insert into public.grades (
                    student_id, section_id, subject_id, score, total_marks, status
                )
                select n, 7, 1, 50, 100, 'graded'
                from generate_series(1000, 2999) as n, generate_series(1, 10);
                """
            )
            await session.execute(GRADE)
            (plan,) = json.loads(
                await session.fetchval(
                    f"explain (analyze, buffers, format json) select {FOLD_GRADE}"
                )
            )
            assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] <= 400
    finally:
        cluster.drop(name)


async def test_a_grade_of_today_moves_a_few_rows_of_trends(session: Any) -> None:
    """Of a standing with many dates: the point of the subject, of the standing, and of both."""
    tables = ("subject_trend", "standing_trend", "section_trend", "standing_sessions")
    written = (
        "select sum(n_tup_ins + n_tup_upd + n_tup_del)::integer from pg_stat_xact_user_tables"
        " where relname = any($1)"
    )
    async with session.transaction():
        await session.execute(
            "insert into public.grades (student_id, section_id, subject_id, score, graded_on)"
            " select 200, 7, 1, n, date '2025-01-01' + n from generate_series(1, 40) as n"
        )
        await session.fetch(f"select * from {FOLD_GRADE}")
        await session.execute(
            "insert into public.grades (student_id, section_id, subject_id, score, graded_on)"
            " values (200, 7, 1, 50, current_date + 1)"
        )
        before = await session.fetchval(written, tables)
        await session.fetch(f"select * from {FOLD_GRADE}")
        assert await session.fetchval(written, tables) - before <= 5
