"""A section whose figures can't be updated says so, in answers and on pages; others say nothing."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import anyio
import pytest
from processes import admin_token, serving

from classpulse.project.verify import verify

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name) values (1, 1, 'M', 'Maths');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 4) as n;
insert into enrollments (student_id, section_id) select n, 1 + n % 2 from generate_series(1, 4) n;
insert into grades (student_id, section_id, subject_id, score) values (1, 2, 1, 50), (2, 1, 1, 60);
"""


@pytest.mark.reliability("one row that can't be handled")
async def test_figures_that_are_older_say_so_and_the_others_do_not(
    database_url: str, connection: Any, tmp_path: Path
) -> None:
    await connection.execute(SCHOOL)
    await verify(database_url)
    token = await admin_token(connection)

    def get(path: str) -> Any:
        request = urllib.request.Request(path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if "/api/" in path else body.decode()

    asked = {
        "overview": [1],
        "sections": [1],
        "section/1": [1],
        "section/2": None,
        "subjects": [1],
        "subject/1": [1],
        "students": [1],
        "students?section_id=2": None,
        "student/2": [1],
        "student/1": None,
        "section/1/attendance": [1],
    }
    with serving(database_url, tmp_path / "log") as server:
        api = f"{server.url}/api/v1/performance/"
        for path in asked:
            assert "set_aside" not in await anyio.to_thread.run_sync(get, api + path)
        await connection.execute(
            "insert into classpulse.set_aside (section_id, reason, retry_at)"
            " values (1, 'a test', now() + interval '1 day')"
        )
        for path, said in asked.items():
            answer = await anyio.to_thread.run_sync(get, api + path)
            assert answer.get("set_aside") == said, path
            assert answer["as_of"]
