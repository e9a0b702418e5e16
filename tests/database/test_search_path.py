"""The machinery stands in nobody's search_path, whatever their role is called."""

from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from classpulse.database.install.migrate import migrate

pytestmark = pytest.mark.reliability("search path into the machinery")


@pytest.fixture
def namesake(cluster, empty_database_url):
    """The address of a database whose owner is called like the machinery's schema."""
    name = urlsplit(empty_database_url).path.lstrip("/")
    cluster.run("create role classpulse login password 'x'")
    cluster.run(f"alter database {name} owner to classpulse")
    yield as_role(empty_database_url, "classpulse")
    cluster.drop(name)
    cluster.run("drop role classpulse")


def as_role(url, role):
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}:x@{parts.hostname}:{parts.port}"))


async def asked(url, *statements):
    connection = await asyncpg.connect(url)
    try:
        *before, last = statements
        for statement in before:
            await connection.execute(statement)
        return await connection.fetchval(last)
    finally:
        await connection.close()


def warnings(done):
    """What it warns of here; whether it may make the group roles is another matter."""
    return [warning for warning in done.warnings if "search_path" in warning]


async def test_what_a_namesake_creates_is_the_schools(namesake):
    assert warnings(await migrate(namesake)) == []
    schema = await asked(
        namesake,
        "create table import_staging (n int)",
        "select relnamespace::regnamespace::text from pg_class where relname = 'import_staging'",
    )
    assert schema == "public"
    # as a loader does that finds the school's table
    await asked(namesake, "create table if not exists grades (id bigint)", "select 1")
    assert await asked(namesake, "select to_regclass('classpulse.grades')") is None
    assert await asked(namesake, "show search_path") == "public"
    assert warnings(await migrate(namesake)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('alter role classpulse set search_path = staging, "$user", public', "staging, public"),
        ("alter role classpulse set search_path = staging, classpulse", "staging"),
        ("alter role classpulse set search_path = '$user'", "public"),
        ('alter role classpulse set search_path = staging, "Class"', 'staging, "Class"'),
    ],
)
async def test_the_rest_of_a_search_path_stays(cluster, namesake, before, after):
    cluster.run(before)
    await migrate(namesake)
    assert await asked(namesake, "show search_path") == after


async def test_a_superuser_sets_it_for_a_role_that_only_works_there(
    cluster, namesake, empty_database_url
):
    await migrate(empty_database_url)
    assert await asked(namesake, "select current_schema()") == "public"


async def test_who_may_not_set_it_is_told_what_to_do(cluster, namesake, empty_database_url):
    name = urlsplit(empty_database_url).path.lstrip("/")
    cluster.run("create role another login password 'x'")
    try:
        cluster.run(f"alter database {name} owner to another")
        (warning,) = warnings(await migrate(as_role(empty_database_url, "another")))
        assert f"alter role classpulse in database {name} set search_path = public" in warning
    finally:
        cluster.drop(name)
        cluster.run("drop role another")


async def test_a_search_path_that_names_the_machinery_is_told(cluster, empty_database_url):
    name = urlsplit(empty_database_url).path.lstrip("/")
    cluster.run(f"alter database {name} set search_path = classpulse, public")
    (warning,) = warnings(await migrate(empty_database_url))
    assert f"database {name} names the schema classpulse" in warning
