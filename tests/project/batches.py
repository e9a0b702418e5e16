"""Batches run by hand, and what they told."""

import json
from decimal import Decimal
from typing import Any

from classpulse.project.batch import project
from classpulse.project.epoch import open_log

SCHOOL = """
insert into schools (id, name) values (1, 'School');
insert into sections (id, school_id, name) values (1, 1, 'A'), (2, 1, 'B');
insert into subjects (id, school_id, code, name)
values (1, 1, 'M', 'Maths'), (2, 1, 'B', 'Biology');
insert into students (id, school_id, first_name)
select n, 1, 'P' || n from generate_series(1, 10) as n;
insert into enrollments (student_id, section_id)
select n, s from generate_series(1, 10) as n, generate_series(1, 2) as s;
insert into exams (id, section_id, subject_id, name) values (1, 1, 1, 'Quiz'), (2, 1, 2, 'Test');
"""


class Log:
    """Folds in what was written, and reads the events that came of it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._cursor: Any = None

    async def fold(self) -> list[dict[str, Any]]:
        """The events of what was written since the last call; ``parts`` by section beside."""
        if self._cursor is None:
            self._cursor = await open_log(self.connection)
        before = self._cursor.position
        while (await project(self.connection, self._cursor)).written:
            pass
        rows = await self.connection.fetch(
            "select * from classpulse.events where position > $1 and not starts_with(type, '_')"
            " order by position",
            before,
        )
        return [
            json.loads(row["payload"], parse_float=Decimal)
            | {
                "row": dict(row),
                "parts": json.loads(row["parts"] or "{}", parse_float=Decimal),
            }
            for row in rows
        ]


def seen_in(event: dict[str, Any], section: int) -> dict[str, Any]:
    """What somebody reads of an event who sees this section alone."""
    return event | event["parts"].get(str(section), {})
