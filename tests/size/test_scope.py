"""Whose sections an answer is about costs what they are, not what the district is."""

import json
from typing import Any

import asyncpg
import pytest

from classpulse.serve.snapshot import numbered
from classpulse.sql import queries

MANY_SCHOOLS = """
insert into schools (id, name) select n, 'School' from generate_series(1000, 1999) as n;
insert into terms (school_id, name, starts_on, ends_on)
select school, 'Term', current_date - 10 - 100 * n, current_date + 10 - 100 * n
from generate_series(1000, 1999) as school, generate_series(0, 9) as n;
analyze schools, terms
"""


@pytest.mark.parametrize(("sections", "most"), [([1, 2, 3], 60), ([], 13_000)])
async def test_current_terms_are_looked_up_for_the_schools_in_view(
    query: "asyncpg.Connection[Any]", sections: list[int], most: int
) -> None:
    statement, names = numbered(queries("scope")["sections_in_view"])
    asked = {"everything": not sections, "sections": sections, "term": None}
    transaction = query.transaction()
    await transaction.start()
    try:
        await query.execute(MANY_SCHOOLS)
        await query.execute("set local plan_cache_mode = force_custom_plan")
        found = await query.fetchval(
            f"explain (analyze, buffers, format json) {statement}", *(asked[name] for name in names)
        )
    finally:
        await transaction.rollback()
    plan = json.loads(found)[0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= most
