"""Verify sees whatever is not as it was installed, and repair puts it back."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from classpulse.database.install.migrate import migrate
from classpulse.errors import DatabaseError
from classpulse.project.verify import verify

SCHOOL = """
insert into schools (name) values ('School');
insert into sections (school_id, name) values (1, 'A');
insert into subjects (school_id, code, name) values (1, 'M', 'Maths');
insert into students (school_id, first_name) values (1, 'P');
insert into enrollments (student_id, section_id) values (1, 1);
insert into grades (student_id, section_id, subject_id, score, status)
values (1, 1, 1, 50, 'graded'), (1, 1, 1, null, 'missing');
"""


@pytest.fixture(autouse=True)
async def school(connection: Any, database_url: str) -> None:
    await connection.execute(SCHOOL)
    assert (await verify(database_url)).differences == []


ALTERED = [
    ("drop trigger classpulse_move_grades on exams", "public.exams: the trigger classpulse_move"),
    ("drop trigger classpulse_derive_update on grades", "public.grades: the trigger classpulse_d"),
    ("alter table students disable trigger classpulse_touch", "public.students: the trigger"),
    (
        "create or replace trigger classpulse_check before update on grading_policies"
        " for each row when (new.pass_mark > 90) execute function classpulse.check_policy()",
        "public.grading_policies: the trigger classpulse_check was altered",
    ),
    (
        "create or replace trigger classpulse_capture_insert after insert on grades"
        " referencing new table as new_rows for each statement when (false)"
        " execute function classpulse.capture_insert('grades', 'section');"
        "alter table grades enable always trigger classpulse_capture_insert",
        "public.grades: the trigger that captures insert",
    ),
    (
        "create or replace trigger classpulse_capture_delete after delete on grades"
        " referencing old table as old_rows for each statement"
        " execute function classpulse.capture_delete('exams', 'section');"
        "alter table grades enable always trigger classpulse_capture_delete",
        "public.grades: the trigger that captures delete",
    ),
    (
        "create or replace function classpulse.rounded(value numeric) returns numeric"
        " language sql immutable strict parallel safe return round(value, 1)",
        "classpulse.rounded: the function was altered",
    ),
    (
        "alter function classpulse.capture_insert() reset search_path",
        "classpulse.capture_insert: the function was altered",
    ),
    (
        "alter function classpulse.derive_grade() security invoker",
        "classpulse.derive_grade: the function was altered",
    ),
    (
        "create or replace view classpulse.current_sections as"
        " select id as section_id, school_id from public.sections",
        "classpulse.current_sections: the view was altered",
    ),
    (
        "create function classpulse.rounded(value double precision) returns numeric"
        " language sql as 'select 1::numeric'",
        "classpulse.rounded: the function was altered",
    ),
    (
        "create or replace function classpulse.definition_of(kind text, name text, relation text)"
        " returns text language sql stable as $$ select 'as ever' $$",
        "classpulse.definition_of: the function was altered",
    ),
    (
        "grant execute on function classpulse.fold to public",
        "classpulse.fold: public may execute it",
    ),
    ("grant select on classpulse.passwords to pg_monitor", "classpulse.passwords: pg_monitor may"),
    (
        "grant select (hash) on classpulse.passwords to pg_monitor",
        "classpulse.passwords.hash: pg_monitor may select it",
    ),
    ("grant update on performance_cache to pg_monitor", "public.performance_cache: pg_monitor"),
    ("grant create on schema classpulse to pg_monitor", "classpulse: pg_monitor may create it"),
]


@pytest.mark.reliability("what verify does not see")
@pytest.mark.parametrize(("act", "said"), ALTERED, ids=[said for _, said in ALTERED])
async def test_what_was_altered_is_named_and_repaired(
    connection: Any, database_url: str, act: str, said: str
) -> None:
    await connection.execute(act)
    found = await verify(database_url)
    assert [line for line in found.capture if line.startswith(said)], found.capture
    await connection.execute("drop function if exists classpulse.rounded(double precision)")
    await verify(database_url, repair=True)
    assert (await verify(database_url)).differences == []
    assert (await migrate(database_url)).objects == []


@pytest.mark.reliability("what verify does not see")
async def test_a_view_that_definition_of_hides_is_repaired_too(
    connection: Any, database_url: str
) -> None:
    await connection.execute(
        "create or replace view classpulse.current_sections as"
        " select id as section_id, school_id from public.sections;"
        "create or replace function classpulse.definition_of(kind text, name text, relation text)"
        " returns text language sql stable as $$ select 'as ever' $$;"
        "update classpulse.definitions set hash = md5('as ever')"
    )
    await verify(database_url, repair=True)
    assert (await verify(database_url)).differences == []


async def test_the_figures_are_there_for_anybody_to_be_let_read(
    connection: Any, database_url: str
) -> None:
    await connection.execute("grant select on performance_cache, performance_status to pg_monitor")
    assert (await verify(database_url)).differences == []


@pytest.mark.reliability("what verify does not see")
@pytest.mark.parametrize("column", ["score_sum", "total_sum", "missing_total"])
async def test_a_sum_that_is_cached_wrong_is_found(
    connection: Any, database_url: str, column: str
) -> None:
    await connection.execute(f"update classpulse.subject_standings set {column} = {column} + 1")
    (found,) = (await verify(database_url)).differences
    assert found.startswith("student 1, subject 1 in section 1: average 50.00 of 5")
    await verify(database_url, repair=True)
    assert (await verify(database_url)).differences == []


@pytest.mark.reliability("an upgrade of Postgres")
async def test_wordings_of_another_major_version_are_made_again_by_migrate(
    connection: Any, database_url: str
) -> None:
    await connection.execute("update classpulse.definitions set major = major - 1, hash = 'other'")
    found = await verify(database_url)
    assert all("run classpulse migrate" in line for line in found.capture)
    assert (await migrate(database_url)).objects
    assert (await verify(database_url)).differences == []


@pytest.mark.reliability("a policy hides rows from the owner")
async def test_rows_hidden_from_the_owner_are_an_error_and_no_smaller_figure(
    cluster: Any,
) -> None:
    cluster.run("create role veiled_owner login createrole password 'x'")
    name = cluster.create()
    cluster.run(f"alter database {name} owner to veiled_owner")
    parts = urlsplit(cluster.url_of(name))
    place = parts.netloc.rpartition("@")[2]
    url = urlunsplit(parts._replace(netloc=f"veiled_owner:x@{place}"))
    try:
        await migrate(url)
        owner = await asyncpg.connect(url)
        await owner.execute(SCHOOL)
        assert (await verify(url)).differences == []
        await owner.execute(
            "alter table students enable row level security;"
            "alter table students force row level security"
        )
        with pytest.raises(DatabaseError, match=r"rows of public\.students .*no force row level"):
            await verify(url)
        cluster.run("alter role veiled_owner bypassrls")
        assert (await verify(url)).differences == []
        await owner.close()
    finally:
        cluster.drop(name)
        cluster.run("drop role veiled_owner")
