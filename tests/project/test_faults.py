"""What must hold when something odd happens: no change lost, nobody aborted, nobody in the way."""

import asyncio
from typing import Any

import asyncpg
import pytest
from leaders import leading

from classpulse.database.install.migrate import migrate
from classpulse.database.install.uninstall import uninstall
from classpulse.project import leader as leader_module
from classpulse.project.batch import project
from classpulse.project.epoch import open_log, renew
from classpulse.project.lock import leader_session, take_over
from classpulse.project.verify import verify

SCHOOL = """
insert into schools (id, name) values (1, 'School'), (2, 'Other');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 10) as n;
insert into enrollments (student_id, section_id) select n, 1 from generate_series(1, 10) as n;
"""
GRADE = "insert into grades (student_id, section_id, subject_id, score) values ($1, 1, 1, $2)"


@pytest.fixture
async def school(connection: Any) -> None:
    await connection.execute(SCHOOL)


async def caught_up(connection: Any, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while await connection.fetchval(
            "select exists (select from classpulse.changes)"
            " or exists (select from classpulse.stale_sections)"
        ):
            await asyncio.sleep(0.01)


async def test_the_bound_of_a_take_never_passes_a_writer_that_is_still_open(
    database_url: str, connection: Any, school: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader_module, "LOW_WATER_SECONDS", 0.05)
    writer = await asyncpg.connect(database_url)
    async with leading(database_url):
        await caught_up(connection)
        await writer.execute("begin")
        await writer.execute(GRADE, 2, 77)
        await asyncio.sleep(2.5)
        await writer.execute("commit")
        await caught_up(connection)
        await connection.execute(GRADE, 3, 50)
        await caught_up(connection)
        state = await connection.fetchrow("select * from classpulse.state")
        newest = await connection.fetchval("select last_value from classpulse.changes_id_seq")
        assert state["low_water"] <= newest + 1
        assert (
            await connection.fetchval(
                "select count(*) from classpulse.events where type = 'grade_update'"
            )
            == 2
        )
    await writer.close()


async def test_a_reload_that_truncates_table_after_table_is_not_aborted(
    database_url: str, connection: Any, school: None
) -> None:
    async with leading(database_url):
        await caught_up(connection)
        for _ in range(2):
            async with connection.transaction():
                for table in ("grades", "attendance", "enrollments"):
                    await connection.execute(f"truncate {table}")
                    await asyncio.sleep(0.6)
                await connection.execute("insert into enrollments values (1, 1), (2, 1)")
            await caught_up(connection)
        assert (await verify(database_url)).differences == []


async def test_a_table_that_somebody_altered_stops_nobody(
    database_url: str, connection: Any, school: None
) -> None:
    await connection.execute("alter table attendance drop column remarks")
    await connection.execute("alter table grades add column theirs numeric, add column more json")
    async with leading(database_url) as leader:
        await connection.execute(
            "insert into attendance (student_id, date, status) values (1, '2026-01-05', 'late')"
        )
        await connection.execute(GRADE, 1, 50)
        await connection.execute("update grades set theirs = 1e5000, more = '{}'")
        await connection.execute("update grades set more = '{}'")
        await connection.execute("alter table students rename column first_name to given_name")
        await connection.execute("update students set email = 'a@b.example' where id = 1")
        await connection.execute("alter table students rename column given_name to first_name")
        await caught_up(connection)
        assert leader.leading
    assert (await verify(database_url)).figures == []


async def test_a_section_id_used_again_brings_its_own_policy(
    database_url: str, connection: Any, school: None
) -> None:
    await connection.execute(
        "insert into grading_policies (school_id, pass_mark, letter_scale)"
        """ values (2, 90, '{"ok": 90, "no": 0}')"""
    )
    await connection.execute(GRADE, 1, 70)
    async with leader_session(database_url) as session:
        cursor = await open_log(session)
        while (await project(session, cursor)).written:
            pass
        async with connection.transaction():
            await connection.execute("set constraints all deferred")
            await connection.execute("delete from sections where id = 1")
            await connection.execute(
                "insert into sections (id, school_id, name) values (1, 2, 'A')"
            )
        while (await project(session, cursor)).written:
            pass
    row = await connection.fetchrow(
        "select * from performance_cache where section_id = 1 and subject_id is null"
    )
    assert (row["pass_mark"], row["passed_students"]) == (90, 0)
    assert (await verify(database_url)).differences == []


async def test_a_large_backlog_is_folded_to_the_same_figures(
    database_url: str, connection: Any, school: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classpulse.project.batch.LARGE_BACKLOG", 20)
    for number in range(60):
        await connection.execute(GRADE, 1 + number % 10, number)
    await connection.execute("update grades set section_id = 2 where student_id = 3")
    await connection.execute("update students set last_name = 'X'")
    await connection.execute("delete from students where id = 4")
    await connection.execute(
        "insert into attendance (student_id, date, status)"
        " select n, '2026-01-05', 'late' from generate_series(5, 9) as n"
    )
    async with leader_session(database_url) as session:
        cursor = await open_log(session)
        first = await project(session, cursor)
        assert first.taken < 20
    kinds = await connection.fetch("select distinct type from classpulse.events order by 1")
    assert "grade_update" not in [row["type"] for row in kinds]
    assert (await verify(database_url)).differences == []


async def test_figures_are_calculated_again_when_a_school_is_installed_again(
    database_url: str, connection: Any, school: None
) -> None:
    await connection.execute(GRADE, 1, 70)
    await uninstall(database_url)
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, total_marks, status)"
        " values (1, 1, 1, 90, 100, 'graded')"
    )
    await migrate(database_url)
    backlog = await connection.fetchval("select backlog from performance_status")
    assert backlog > 0
    async with leading(database_url):
        await connection.execute("call performance_wait(timeout => '10 s')")
        average = await connection.fetchval(
            "select average from student_performance_summaries where student_id = 1"
        )
        assert average == 80
    assert (await verify(database_url)).differences == []


async def test_a_new_epoch_by_hand_reaches_the_running_leader(
    database_url: str, connection: Any, school: None
) -> None:
    async with leading(database_url):
        await caught_up(connection)
        async with leader_session(database_url) as session:
            await take_over(session)
            epoch = await renew(session)
        await connection.execute(GRADE, 1, 70)
        await caught_up(connection)
        payload = await connection.fetchval(
            "select payload from classpulse.events order by position desc limit 1"
        )
        assert f'"id":"{epoch}-' in payload


async def test_waiting_for_the_figures_inside_a_transaction_is_refused(
    connection: Any, school: None
) -> None:
    with pytest.raises(asyncpg.PostgresError, match="invalid transaction termination"):
        async with connection.transaction():
            await connection.execute("call performance_wait()")


async def test_no_function_that_acts_for_its_owner_looks_names_up_in_a_callers_schema(
    connection: Any,
) -> None:
    rows = await connection.fetch(
        "select proname::text, proconfig from pg_proc"
        " where pronamespace = 'classpulse'::regnamespace and prosecdef"
    )
    assert len(rows) > 8
    for row in rows:
        assert row["proconfig"] == ["search_path=pg_catalog, pg_temp"], row["proname"]


async def test_an_upsert_by_the_tools_own_key_may_leave_out_what_is_known(
    connection: Any, school: None
) -> None:
    await connection.execute("insert into enrollments values (1, 2)")
    upsert = (
        "insert into grades (external_id, student_id, section_id, subject_id, score)"
        " values ('k', 1, $1, $2, $3)"
        " on conflict (external_id) do update set score = excluded.score"
    )
    await connection.execute(upsert, 2, 1, 50)
    await connection.execute(upsert, None, None, 60)
    assert await connection.fetchval("select score from grades") == 60
    with pytest.raises(asyncpg.NotNullViolationError, match="enrolled in 2 sections"):
        await connection.execute("insert into grades (student_id, score) values (1, 5)")
