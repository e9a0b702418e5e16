"""Random sequences of what coverage hangs on: calendars, dates, clocks, items that are due and the
marks of them. Each figure stays what brute force says it is, and what `verify` compares."""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classpulse.project.verify import verify
from project.test_every_figure import CALENDAR, SESSIONS, STATEMENTS, run

pytestmark = pytest.mark.reliability("every figure against brute force")

EXAMPLES = int(os.environ.get("CLASSPULSE_TEST_EXAMPLES", "60")) // 2
#: an item is marked, comes, moves or goes, and who is there to be marked
ITEMS = [
    entry
    for entry in STATEMENTS
    if ("exam" in entry[0] or "enrollments" in entry[0]) and "truncate" not in entry[0]
]
OTHERS = [entry for entry in STATEMENTS if "truncate" not in entry[0]]
dated = st.sampled_from(CALENDAR + CALENDAR + ITEMS + OTHERS).flatmap(
    lambda entry: st.tuples(st.just(entry[0]), st.tuples(*entry[1]))
)
#: first some items and days for what follows to concern
BEGIN = [
    (
        0,
        (
            "insert into exams (id, section_id, subject_id, name, exam_date)"
            " select n, 1 + n % 2, 1 + n % 2, 'Item', current_date - 4 + n"
            " from generate_series(1, 4) as n",
            (),
        ),
    ),
    (
        0,
        (
            "insert into school_days (school_id, date)"
            " select 1, current_date + n from generate_series(-12, 3) as n",
            (),
        ),
    ),
    (
        0,
        (
            "insert into attendance (student_id, section_id, date, status)"
            " select 1, 2, current_date + n, 'absent' from generate_series(-1, 1) as n",
            (),
        ),
    ),
]
step = st.one_of(
    st.tuples(st.integers(0, SESSIONS - 1), dated),
    st.tuples(st.integers(0, SESSIONS - 1), dated),
    st.tuples(st.integers(0, SESSIONS - 1), st.sampled_from(["begin", "commit"])),
    st.just((0, "project")),
)


@settings(
    max_examples=EXAMPLES,
    derandomize=bool(os.environ.get("CI")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step, min_size=5, max_size=40))
def test_every_day_and_item_is_counted_as_brute_force_says(
    database_url: str, steps: list[Any]
) -> None:
    asyncio.run(run(database_url, [*BEGIN, *steps]))
    found = asyncio.run(verify(database_url))
    assert found.figures == []
