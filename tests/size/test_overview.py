"""What is shown of a district costs and weighs what a page of it costs, not what all of it does."""

from typing import Any

import asyncpg

from .conftest import District


async def test_the_district_is_as_large_as_it_says(
    district: District, query: "asyncpg.Connection[Any]"
) -> None:
    counted = await query.fetchrow(
        "select (select count(*) from sections) as sections,"
        " (select count(*) from public.student_performance_summaries) as standings,"
        " (select sum(total_students) from performance_cache where subject_id is null) as cached"
    )
    assert counted["sections"] == district.sections
    assert counted["standings"] == counted["cached"] == district.standings
