"""Changes that wait while a release is installed are taken by the next leader as they are."""

import json
from typing import Any

from classpulse.database.install.migrate import migrate

Connection = Any

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name) values (1, 1, 'P');
insert into enrollments (student_id, section_id) values (1, 1);
"""
#: the table of changes as it was before the migration
BEFORE = """
alter table classpulse.changes
alter column old type jsonb using old::jsonb,
alter column new type jsonb using new::jsonb,
add constraint changes_operation_check
check (operation in ('insert', 'update', 'delete', 'truncate', 'bulk'));
delete from classpulse.migrations where name = '0015_changes';
"""


async def test_changes_that_wait_survive_the_migration_that_makes_them_text(
    database_url: str, connection: Connection
) -> None:
    await connection.execute(SCHOOL)
    await connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, remarks)"
        """ values (1, 1, 1, 50.10, E'a "quoted" \\u00e9\\n')"""
    )
    await connection.execute(BEFORE)
    read = (
        "select id, xid::text, at, source, operation, old, new from classpulse.changes order by id"
    )
    before = await connection.fetch(read)
    await connection.execute("update grades set score = 60.50")
    await migrate(database_url)
    await connection.reload_schema_state()
    after = await connection.fetch(read)
    assert len(after) == len(before) + 1
    for old, new in zip(before, after, strict=False):
        assert tuple(old)[:5] == tuple(new)[:5]
        assert json.loads(old["new"]) == json.loads(new["new"])
    assert json.loads(after[-1]["old"])["remarks"] == 'a "quoted" é\n'
    assert json.loads(after[-1]["new"])["score"] == 60.5
    kinds = await connection.fetch(
        "select atttypid::regtype::text, attstorage::text from pg_attribute"
        " where attrelid = 'classpulse.changes'::regclass and attname in ('old', 'new')"
    )
    assert [tuple(kind) for kind in kinds] == [("json", "e")] * 2
