"""Who changed what, from what to what, whichever tool wrote it."""

from typing import Any

import asyncpg
import pytest

from serve.conftest import Client
from serve.gradebook import settle


async def entries(tool: Any, where: str = "true") -> list[Any]:
    return await tool.fetch(
        "select operation, old_status, new_status, old_score, new_score, by_role, by_application"
        f" from grade_history where {where} order by at, id"
    )


async def test_each_change_of_a_row_with_who_made_it(client: Client, tool: Any) -> None:
    await tool.execute("set application_name = 'psql'")
    key = await tool.fetchval(
        "insert into grades (student_id, section_id, subject_id, score) values (1, 1, 1, 10)"
        " returning id"
    )
    await tool.execute("create role temporary_teacher")
    try:
        await tool.execute("grant classpulse_writer to temporary_teacher")
        await tool.execute("set role temporary_teacher")
        await tool.execute("update grades set score = 20 where id = $1", key)
        await tool.execute("update grades set score = 20 where id = $1", key)
        await tool.execute("reset role")
        await tool.execute("delete from grades where id = $1", key)
        await settle(tool)
        mine = await tool.fetchval("select session_user::text")
        assert [tuple(row) for row in await entries(tool, f"row_id = {key}")] == [
            ("insert", None, "graded", None, 10, mine, "psql"),
            ("update", "graded", "graded", 10, 20, "temporary_teacher", "psql"),
            ("delete", "graded", None, 20, None, mine, "psql"),
        ]
        read = await client.read(f"/grade/{key}/history")
        assert [item["operation"] for item in read["items"]] == ["delete", "update", "insert"]
        assert read["items"][1]["by_role"] == "temporary_teacher"
        assert (await client.get(f"/grade/{key}/history", 2)).status_code == 404
    finally:
        await tool.execute("drop owned by temporary_teacher; drop role temporary_teacher")


async def test_bulk_changes_are_complete(client: Client, tool: Any) -> None:
    """An insert of many needs no entry; what happens to them then has one each."""
    await tool.execute(
        "insert into grades (student_id, section_id, subject_id, score, remarks)"
        " select 1 + n % 12, 1, 2, n % 100, 'many' from generate_series(1, 2500) as n"
    )
    await settle(tool)
    assert await entries(tool, "student_id <= 12 and operation = 'insert' and row_id > 20") == []
    await tool.execute("update grades set score = score + 1 where remarks = 'many'")
    await tool.execute("delete from grades where remarks = 'many' and score > 50")
    await tool.execute("truncate grades")
    await settle(tool)
    counted = dict(
        await tool.fetch("select operation, count(*) from grade_history group by operation")
    )
    deleted = sum(n % 100 + 1 > 50 for n in range(1, 2501))
    assert counted["update"] == 2500
    assert counted["delete"] == deleted
    # those that were there before, too
    assert counted["truncate"] == 2500 - deleted + 18


async def test_a_cascade_is_a_change_of_who_made_it(client: Client, tool: Any) -> None:
    await tool.execute("set application_name = 'pandas'")
    grades = await tool.fetchval("select count(*) from grades where student_id = 3")
    rows = await tool.fetchval("select count(*) from attendance where student_id = 3")
    await tool.execute("delete from students where id = 3")
    await settle(tool)
    gone = await entries(tool, "student_id = 3 and operation = 'delete'")
    assert len(gone) == grades
    assert {row["by_application"] for row in gone} == {"pandas"}
    absent = await tool.fetchval(
        "select count(*) from attendance_history where student_id = 3 and operation = 'delete'"
    )
    assert absent == rows


async def test_overrides_and_attendance_have_a_history(client: Client, tool: Any) -> None:
    await tool.execute(
        "insert into grade_overrides (student_id, section_id, subject_id, letter)"
        " values (1, 1, 1, 'B'); update grade_overrides set letter = 'A', average = 91;"
        "update attendance set status = 'late' where student_id = 1 and date = current_date - 1"
    )
    await settle(tool)
    read = await client.read("/student/1/history")
    assert [
        (item["kind"], item["operation"], item["old_status"], item["new_status"])
        for item in read["items"][:3]
    ] == [
        ("attendance", "update", "present", "late"),
        ("override", "update", "B", "A"),
        ("override", "insert", None, "B"),
    ]
    assert read["items"][1]["new_score"] == 91
    since = read["items"][1]["at"]
    later = await client.read("/student/1/history", since=since)
    assert len(later["items"]) == 2
    assert len((await client.read("/student/1/history?limit=1"))["items"]) == 1
    assert (await client.get("/student/1/history?since=yesterday")).status_code == 400
    assert (await client.get("/student/20/history")).status_code == 404


async def test_a_history_ends_with_its_retention(tool: Any) -> None:
    await tool.execute(
        "insert into classpulse.history (at, source, operation)"
        " select now() - n * interval '30 days', 'grades', 'update'"
        " from generate_series(0, 30) as n"
    )
    while await tool.fetchval("select classpulse.shorten_history('365 days')"):
        pass
    oldest = await tool.fetchval("select now() - min(at) from classpulse.history")
    assert oldest.days <= 365
    assert (
        await tool.fetchval("select count(*) from classpulse.history where source = 'grades'") >= 12
    )


async def test_a_quarter_is_made_ahead_and_dropped_when_it_is_old(tool: Any) -> None:
    parts = "select count(*) from pg_inherits where inhparent = 'classpulse.history'::regclass"
    await tool.fetchval("select classpulse.lengthen_history()")
    assert await tool.fetchval(parts) == 3
    assert await tool.fetchval("select classpulse.lengthen_history()") == 0
    await tool.execute(
        "create table classpulse.history_2020q1 partition of classpulse.history"
        " for values from ('2020-01-01Z') to ('2020-04-01Z')"
    )
    await tool.fetchval("select classpulse.shorten_history('365 days')")
    assert await tool.fetchval(parts) == 3


async def test_nothing_in_a_table_that_was_altered_fails_a_writer(
    client: Client, tool: Any
) -> None:
    await tool.execute("alter table attendance drop constraint attendance_date_is_finite")
    await tool.execute(
        "insert into attendance (student_id, section_id, date, status)"
        " values (1, 1, 'infinity', 'present')"
    )
    await settle(tool)
    dates = await tool.fetch("select date from attendance_history where operation = 'insert'")
    assert "infinity" in {row["date"] for row in dates}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tool.execute("set role classpulse_reader; select * from classpulse.history")
    await tool.execute("reset role; set role classpulse_reader")
    assert await tool.fetchval("select count(*) from grade_history") > 0


async def test_what_was_earned_in_a_section_that_was_left_stays(client: Client, tool: Any) -> None:
    """Bob sees it of the student who came to his section, though the section is Ann's."""
    before = await client.read("/student/5", 1)
    assert before["earlier"] == []
    await tool.execute("update enrollments set section_id = 2 where student_id = 5")
    await settle(tool)
    after = await client.read("/student/5", 2)
    (earlier,) = after["earlier"]
    assert (earlier["section_name"], earlier["counts"]) == ("10-A", False)
    assert earlier["average_score"] == before["average_score"]
    assert earlier["letter"] == before["letter"]
    assert earlier["graded_count"] == before["graded_count"]
    left_at = await tool.fetchval(
        "select max(at) from classpulse.history where source = 'enrollments'"
    )
    assert earlier["left_at"][:19] == left_at.isoformat()[:19]
    assert after["average_score"] is None
    card = await client.http.get("/students/5/card", headers=client.as_(2))
    assert "earlier in <bdi>10-A</bdi>" in card.text
    assert (await client.get("/student/5", 1)).status_code == 404
