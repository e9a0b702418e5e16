"""A school's time zone that the server does not know (any more) takes no view away."""

from typing import Any

import pytest

from serve.conftest import Client
from serve.report_files import pages


@pytest.mark.reliability("one row that can't be handled")
async def test_a_school_whose_time_zone_is_unknown_is_shown_by_utc(
    client: Client, tool: Any
) -> None:
    paths = (
        "/overview", "/sections", "/section/1", "/section/1/attendance", "/subjects", "/students",
        "/student/1", "/exams", "/terms",
    )  # fmt: skip
    before = {path: await client.read(path) for path in paths}
    # as after an upgrade of the system's time zones
    await tool.execute("alter table schools drop constraint schools_time_zone_is_known")
    await tool.execute("update schools set time_zone = 'Mars/Olympus' where id = 1")
    await tool.execute("call performance_wait(timeout => '10 s')")
    for path, told in before.items():
        now = await client.read(path)
        changing = {"as_of", "as_of_time"}
        assert {k: v for k, v in now.items() if k not in changing} == {
            k: v for k, v in told.items() if k not in changing
        }, path
        assert (await client.get(path, 6)).status_code in (200, 404), path
        assert (await client.get(path, 4)).status_code == 200, path
    first, *_ = await pages(client, "section_id=1")
    assert "(UTC)" in first
