"""The disclosure log: a row for each report that left, and who may read it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from serve.conftest import Client
from serve.report_files import DOWNLOAD, report

Tool = Any
LOG = "/api/v1/disclosures"


async def log(client: Client, educator_id: int = 4, query: str = "") -> dict[str, Any]:
    answer = await client.http.get(f"{LOG}?{query}", headers=client.as_(educator_id))
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def items(client: Client, educator_id: int = 4, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await log(client, educator_id, query))["items"]
    return found


async def test_every_report_leaves_a_row_that_says_who_what_and_how_much(client: Client) -> None:
    before = datetime.now(UTC)
    sent = await report(client, "section_id=1&status=pass&min_average=60.5&format=pdf")
    (row,) = await items(client)
    made_at = datetime.fromisoformat(row.pop("made_at"))
    assert before - timedelta(seconds=5) < made_at < datetime.now(UTC) + timedelta(seconds=5)
    assert row.pop("id") > 0
    assert row.pop("report_as_of").count("-") == 1
    assert row == {
        "educator_id": 1,
        "educator_name": "Ann",
        "educator_email": "Ann@North.school",
        "educator_role": "educator",
        "report": "section",
        "format": "pdf",
        "filters": {"section_id": [1], "status": "pass", "min_average": 60.5},
        "student_id": None,
        "rows": 5,
        "school_ids": [1],
        "section_ids": [1],
    }
    assert sent.status_code == 200


async def test_a_student_report_names_the_student_and_the_sections_shown(client: Client) -> None:
    await report(client, "student_id=1")
    (row,) = await items(client)
    assert (row["report"], row["student_id"], row["section_ids"]) == ("student", 1, [1, 4])
    assert row["rows"] == 3
    assert row["filters"] == {"student_id": 1}


async def test_an_overview_names_every_section_in_it(client: Client) -> None:
    await report(client, "", 3)
    (row,) = await items(client)
    assert (row["section_ids"], row["rows"]) == ([1, 2], 14)


async def test_a_report_of_nothing_is_written_down_too(client: Client) -> None:
    await report(client, "q=nobody")
    await report(client, "", 7)
    assert [(row["educator_id"], row["rows"], row["school_ids"], row["section_ids"])
            for row in await items(client)] == [(7, 0, [1], []), (1, 0, [1], [1])]  # fmt: skip


async def test_what_was_refused_is_not_in_it(client: Client) -> None:
    for query in ("section_id=2", "report=section", "format=doc", "student_id=20"):
        assert (await client.get(f"{DOWNLOAD}?{query}")).status_code in (400, 404)
    assert await items(client) == []


async def test_of_a_report_whose_head_was_asked_for_nothing_left(client: Client) -> None:
    address = "/api/v1/performance" + DOWNLOAD
    head = await client.http.head(address, headers=client.as_(1))
    assert head.headers["content-disposition"].startswith("attachment; ")
    assert head.content == b""
    assert await items(client) == []


async def test_a_principal_is_not_told_which_student_of_another_school_was_reported(
    client: Client, tool: Tool
) -> None:
    await tool.execute("update educators set school_id = 1 where id = 4")
    await report(client, "student_id=30", 4)
    await report(client, "student_id=1", 4)
    assert [(row["student_id"], row["rows"]) for row in await items(client, 3)] == [
        (1, 4),
        (None, 0),
    ]
    assert (await log(client, 3, "student_id=30"))["total"] == 0
    assert await items(client, 3, "student_id=30") == []
    assert [row["student_id"] for row in await items(client, 4)] == [1, 30]


async def test_a_row_keeps_the_name_that_the_educator_had(client: Client, tool: Tool) -> None:
    await report(client, "section_id=1")
    await tool.execute("update educators set full_name = 'Married', email = 'x@y.z' where id = 1")
    await tool.execute("delete from section_educators where educator_id = 1")
    await tool.execute("delete from educators where id = 1")
    (row,) = await items(client)
    assert (row["educator_name"], row["educator_email"]) == ("Ann", "Ann@North.school")


async def test_a_principal_reads_of_their_school_and_an_admin_all(client: Client) -> None:
    await report(client, "", 1)
    await report(client, "", 6)
    assert [row["educator_id"] for row in await items(client, 3)] == [1]
    assert [row["educator_id"] for row in await items(client, 4)] == [6, 1]
    assert (await log(client, 3))["total"] == 1


async def test_an_educator_is_told_that_it_is_not_for_them(client: Client) -> None:
    await report(client, "")
    for educator_id in (1, 2, 6, 7):
        answer = await client.http.get(LOG, headers=client.as_(educator_id))
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].endswith(".")
    assert (await client.http.get(LOG)).status_code == 401
    assert (await client.http.get(LOG, headers=client.as_(5))).status_code == 401


async def test_a_principal_never_sees_what_a_report_says_of_another_school(
    client: Client, tool: Tool
) -> None:
    await report(client, "section_id=1&section_id=3&subject_id=1&subject_id=3&q=s3", 4)
    await report(client, "section_id=3&subject_id=1&format=xlsx", 4)
    narrowed, both = await items(client, 3)
    assert (both["school_ids"], both["section_ids"]) == ([1], [1])
    assert both["filters"] == {}
    assert both["rows"] == await tool.fetchval(
        "select count(*) from students where id <= 12 and email like '%s3%'"
    )
    # nothing of theirs was in it, but they are told that somebody looked
    assert (narrowed["school_ids"], narrowed["section_ids"], narrowed["rows"]) == ([1], [], 0)
    assert narrowed["filters"] == {}
    of_all = await items(client, 4)
    assert of_all[1]["section_ids"] == [1, 3]
    assert of_all[1]["school_ids"] == [1, 2]
    assert of_all[1]["filters"]["section_id"] == [1, 3]
    assert of_all[1]["rows"] == both["rows"] + 1


async def test_it_is_filtered_by_educator_student_and_day(client: Client, tool: Tool) -> None:
    await report(client, "student_id=1")
    await report(client, "student_id=1", 2)
    await report(client, "student_id=20", 2)
    await tool.execute(
        "update classpulse.disclosures set made_at = '2025-10-20 23:59:59.9+00'"
        " where student_id = 20"
    )

    async def found(query: str) -> list[tuple[int, int]]:
        return [(row["educator_id"], row["student_id"]) for row in await items(client, 3, query)]

    assert await found("educator_id=2") == [(2, 20), (2, 1)]
    assert await found("student_id=1") == [(2, 1), (1, 1)]
    assert await found("student_id=1&educator_id=1") == [(1, 1)]
    assert await found("to=2025-10-20") == [(2, 20)]
    assert await found("from=2025-10-20&to=2025-10-20") == [(2, 20)]
    assert await found("to=2025-10-19") == []
    assert await found("from=2025-10-21") == [(2, 1), (1, 1)]
    assert await found("to=9999-12-31&from=0001-01-01") == [(2, 20), (2, 1), (1, 1)]


async def test_pages_together_are_the_log(client: Client) -> None:
    for number in range(7):
        await report(client, f"q={number}")
    whole = [row["id"] for row in await items(client)]
    assert whole == sorted(whole, reverse=True)
    assert len(whole) == 7
    page = await log(client, 3, "limit=3")
    found = []
    while True:
        found += [row["id"] for row in page["items"]]
        assert page["total"] == 7
        assert page["as_of"]
        assert page["as_of_time"]
        if page["next"] is None:
            break
        await report(client, "", 6)
        page = await log(client, 3, f"limit=3&cursor={page['next']}")
    assert found == whole


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "cursor=x", "educator_id=0", "student_id=x", "from=2025-13-01",
     "to=yesterday", "section_id=1", "educator_id=1&educator_id=2"],
)  # fmt: skip
async def test_a_wrong_value_is_named(reader: Client, query: str) -> None:
    answer = await reader.http.get(f"{LOG}?{query}", headers=reader.as_(4))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert query.split("=")[0] in answer.text


async def test_a_tool_that_writes_the_school_can_neither_read_nor_change_the_log(
    tool: Tool,
) -> None:
    for role in ("classpulse_writer", "classpulse_reader"):
        for table in ("disclosures", "disclosed_schools"):
            for right in ("select", "insert", "update", "delete", "truncate"):
                assert not await tool.fetchval(
                    "select has_table_privilege($1, $2, $3)", role, f"classpulse.{table}", right
                )
