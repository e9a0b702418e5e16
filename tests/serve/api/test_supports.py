"""What was done about a student: who sees it, who writes it, and the figures beside it."""

import asyncio
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from classpulse.events import EventId
from serve.conftest import API, Client
from serve.gradebook import settle

HOSTILE = "O'Brien</script><img src=x onerror=broken()>\u2028\u202e=1+1 🎓"
TALK = {"student_id": 12, "section_id": 1, "kind": "talk", "note": "Falls behind"}


async def sent(client: Client, method: str, path: str, body: Any, educator: int = 1) -> Any:
    return await client.http.request(method, API + path, json=body, headers=client.as_(educator))


async def opened(client: Client, educator: int = 1, **changes: Any) -> Any:
    response = await sent(client, "POST", "/supports", TALK | changes, educator)
    assert response.status_code == 201, response.text
    return response.json()


async def changed(client: Client, support: Any, educator: int = 1, **changes: Any) -> Any:
    body = {"version": support["version"], **changes}
    return await sent(client, "PUT", f"/support/{support['id']}", body, educator)


async def listed(client: Client, educator: int = 1, **query: Any) -> list[int]:
    return [item["id"] for item in (await client.read("/supports", educator, **query))["items"]]


def position_of(as_of: str) -> int:
    known = EventId.parse(as_of)
    assert known is not None
    return known.position


async def test_a_support_is_opened_with_the_figures_of_that_moment(
    client: Client, tool: Any
) -> None:
    await settle(tool)
    before = await client.read("/overview")
    support = await opened(client, student_id=2, note=HOSTILE, review_on="2026-03-02")
    assert (support["student_name"], support["section_name"]) == ("Student 002", "10-A")
    assert (support["kind"], support["note"], support["state"]) == ("talk", HOSTILE, "open")
    assert (support["opened_by"], support["opened_by_name"]) == (1, "Ann")
    assert (support["review_on"], support["closed_at"]) == ("2026-03-02", None)
    # 40 of 100 in Algebra, Geometry missing; absent on 3 of 12 days
    then = {"average": 40, "letter": "F", "attendance_percentage": 75, "missing_count": 1}
    place: dict[str, Any] = {"section_id": 1, "section_name": "10-A"}
    assert support["figures"] == [{**place, "at_opening": then, "now": then}]
    after = await client.read("/overview")
    # the log goes on by itself, by its proofs of life
    positions = [
        position_of(one) for one in (before["as_of"], support["opening_as_of"], after["as_of"])
    ]
    assert positions == sorted(positions)
    assert before["as_of_time"] <= support["opening_as_of_time"] <= after["as_of_time"]

    await tool.execute("update grades set score = 90 where student_id = 2 and exam_id = 1")
    await settle(tool)
    (item,) = (await client.read("/supports", student_id=2))["items"]
    now = then | {"average": 90, "letter": "A"}
    assert item["figures"] == [{**place, "at_opening": then, "now": now}]
    assert item["opening_as_of"] == support["opening_as_of"]


async def test_of_a_student_as_a_whole_each_sees_the_figures_of_their_sections(
    client: Client, tool: Any
) -> None:
    # student 1 is in 10-A and 10-B, and was in 9-A in a term that is over
    support = await opened(client, 1, student_id=1, section_id=None)
    assert [one["section_id"] for one in support["figures"]] == [1]
    for educator, sections in ((2, [2]), (3, [1, 2]), (4, [1, 2])):
        items = (await client.read("/supports", educator, student_id=1))["items"]
        (item,) = [item for item in items if item["id"] == support["id"]]
        assert [one["section_id"] for one in item["figures"]] == sections
        assert all(one["at_opening"] == one["now"] != {} for one in item["figures"])
        assert item["note"] == "Falls behind"
    # a standing that ends leaves what it was
    await tool.execute("delete from enrollments where student_id = 1 and section_id = 2")
    await settle(tool)
    items = (await client.read("/supports", 3, student_id=1))["items"]
    (item,) = [item for item in items if item["id"] == support["id"]]
    gone = next(one for one in item["figures"] if one["section_id"] == 2)
    assert (gone["now"], gone["at_opening"]["average"]) == (None, 90)


async def test_who_teaches_the_student_sees_all_their_supports_and_others_none(
    client: Client,
) -> None:
    # 1 is of a student of Ann and Bob, 2 of one of Bob's, 3 of one of another school
    assert [await listed(client, who) for who in (1, 2, 3, 4, 6, 7)] == [
        [1],
        [1, 2],
        [1, 2],
        [1, 2, 3],
        [3],
        [],
    ]
    assert await listed(client, 2, section_id=2) == []
    assert await listed(client, 1, section_id=1) == [1]
    for query in ({"student_id": 20}, {"student_id": 999}, {"section_id": 2}):
        assert (await client.get("/supports", **query)).status_code == 404


async def test_a_section_taken_away_takes_the_notes_along_at_once(
    client: Client, tool: Any
) -> None:
    support = await opened(client)
    assert support["id"] in await listed(client)
    await tool.execute("delete from section_educators where section_id = 1 and educator_id = 1")
    # student 1 is in 9-A, too, which is still theirs
    assert await listed(client) == [1]
    assert (await client.get("/supports", student_id=12)).status_code == 404
    assert (await changed(client, support, note="mine")).status_code == 404
    assert (await sent(client, "POST", "/supports", TALK)).status_code == 404


async def test_the_notes_of_a_student_who_moves_go_with_them(client: Client, tool: Any) -> None:
    support = await opened(client)
    await tool.execute("update enrollments set section_id = 2 where student_id = 12")
    await settle(tool)
    assert support["id"] not in await listed(client, 1)
    assert (await changed(client, support, 1, note="x")).status_code == 404
    (item,) = (await client.read("/supports", 2, student_id=12))["items"]
    # that it was noted elsewhere is said, and neither where nor with what figures
    assert (item["note"], item["other_section"]) == ("Falls behind", True)
    assert (item["section_id"], item["section_name"], item["figures"]) == (None, None, [])
    assert (await changed(client, item, 2, note="goes on here")).status_code == 200
    await tool.execute("update students set is_active = false where id = 12")
    assert support["id"] not in await listed(client, 2)
    assert support["id"] in await listed(client, 3)


async def test_a_deleted_student_leaves_no_support(client: Client, tool: Any) -> None:
    await opened(client)
    await tool.execute("delete from students where id = 12")
    assert await tool.fetchval("select count(*) from supports where student_id = 12") == 0
    assert (await client.get("/supports", student_id=12)).status_code == 404
    await settle(tool)


async def test_an_educator_or_a_section_that_goes_leaves_the_support(
    client: Client, tool: Any
) -> None:
    await tool.execute("insert into sections (id, school_id, name) values (9, 1, 'Spare')")
    await tool.execute("insert into enrollments values (12, 9)")
    support = await opened(client, 3, section_id=9)
    await tool.execute("delete from enrollments where section_id = 9")
    await tool.execute("delete from sections where id = 9; delete from educators where id = 3")
    (item,) = (await client.read("/supports", student_id=12))["items"]
    assert (item["id"], item["section_id"], item["opened_by_name"]) == (support["id"], None, None)


async def test_a_support_is_changed_closed_and_opened_again(client: Client) -> None:
    support = await opened(client, review_on="2026-03-02")
    second = (await changed(client, support, note="Better", review_on=None)).json()
    assert (second["note"], second["review_on"], second["kind"]) == ("Better", None, "talk")
    assert second["version"] != support["version"]
    third = (await changed(client, second, closed=True, outcome="Caught up")).json()
    assert (third["state"], third["outcome"]) == ("closed", "Caught up")
    assert third["closed_at"] is not None
    again = (await changed(client, third, closed=True, outcome="Caught up well")).json()
    assert again["closed_at"] == third["closed_at"]
    reopened = (await changed(client, again, closed=False)).json()
    assert (reopened["state"], reopened["outcome"]) == ("open", None)
    # nothing to change: nothing has to be known
    same = await sent(client, "PUT", f"/support/{support['id']}", {})
    assert same.json() == reopened


async def test_the_second_of_two_editors_is_told(client: Client) -> None:
    support = await opened(client)
    answers = await asyncio.gather(
        *(changed(client, support, note=f"by {n}") for n in range(4)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    told = next(answer for answer in answers if answer.status_code == 409)
    assert told.json()["detail"].startswith("Somebody else changed the support meanwhile.")
    assert (await changed(client, support, note="late")).status_code == 409
    (item,) = (await client.read("/supports", student_id=12))["items"]
    assert item["note"] == next(a for a in answers if a.status_code == 200).json()["note"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "punish"}, "kind must be one of talk, parents called, tutoring, counsellor."),
        ({"kind": ""}, "kind must be a text of 1 to 60 characters."),
        ({"kind": "x" * 61}, "kind must be a text of 1 to 60 characters."),
        ({"note": "x" * 2001}, "note must be a text of 0 to 2000 characters."),
        ({"note": "a\0b"}, "The body holds a NUL character, which no text here can hold."),
        ({"review_on": "soon"}, "review_on must be a date like 2025-10-20."),
        ({"review_on": "0001-01-01"}, "review_on must be a day from 1900 to 9998."),
        ({"review_on": "9999-12-31"}, "review_on must be a day from 1900 to 9998."),
        (
            {"section_id": 4},
            "Student 12 is not in section 4: give a section of theirs, or none for the student"
            " as a whole.",
        ),
        ({"student_id": 2**63}, "student_id must be a whole number from 1."),
        ({"alert_id": 0}, "alert_id must be a whole number from 1."),
        ({"opened_by": 2}, "opened_by is not known here."),
        ({"at_opening": {}}, "at_opening is not known here."),
    ],
)
async def test_what_can_not_be_opened_is_said(client: Client, body: Any, words: str) -> None:
    response = await sent(client, "POST", "/supports", TALK | body)
    assert response.status_code == 422, response.text
    assert response.json()["detail"].startswith(words)
    assert await listed(client, student_id=12) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outcome": "Good"}, "An outcome is of a closed support: give closed, too."),
        ({"outcome": "x" * 2001, "closed": True}, "outcome must be a text of 0 to 2000"),
        ({"kind": "nothing known"}, "kind must be one of talk"),
        ({"closed": "yes"}, "closed must be true or false."),
        ({"version": None, "note": "x"}, "version must be given"),
        ({"student_id": 1}, "student_id is not known here."),
    ],
)
async def test_what_can_not_be_changed_is_said(client: Client, change: Any, words: str) -> None:
    support = await opened(client)
    response = await changed(client, support, **change)
    assert response.status_code == 422, response.text
    assert response.json()["detail"].startswith(words)
    assert (await changed(client, support, note="as it was read")).status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("opened_by=1", "Unknown query parameter: opened_by."),
        ("state=over", "state must be one of closed, open."),
        ("review=late", "review must be one of due."),
        ("review=due&state=closed", "state must be open, or left out, with review=due"),
        ("limit=501", "limit must be a whole number from 1 to 500."),
        ("cursor=x", "The cursor is not one of this list"),
        ("student_id=one", "student_id must be a whole number from 1"),
    ],
)
async def test_a_list_is_asked_strictly(reader: Client, query: str, words: str) -> None:
    response = await reader.get(f"/supports?{query}")
    assert response.status_code == 400, response.text
    assert response.json()["detail"].startswith(words)


async def test_a_school_has_kinds_of_its_own(client: Client, tool: Any) -> None:
    before = await opened(client)
    assert (await client.read("/supports"))["kinds"] == [
        "talk",
        "parents called",
        "tutoring",
        "counsellor",
    ]
    await tool.execute(
        "update schools set support_kinds = '{Elternabend,Lotse,Lotse}' where id = 1"
    )
    assert (await client.read("/supports"))["kinds"] == ["Elternabend", "Lotse"]
    # an admin has none; a student does
    assert (await client.read("/supports", 4))["kinds"][0] == "talk"
    assert (await client.read("/supports", 4, student_id=12))["kinds"] == ["Elternabend", "Lotse"]
    assert (await sent(client, "POST", "/supports", TALK)).status_code == 422
    assert (await opened(client, kind="Lotse"))["kind"] == "Lotse"
    # one that was opened before stays what it is until it is made another
    assert (await changed(client, before, kind="talk", note="x")).status_code == 200
    for wrong in ("{}", '{""}', '{" talk"}', "{null}", "{{a,b}}", f"{{{'x' * 61}}}"):
        with pytest.raises(asyncpg.CheckViolationError, match="support_kinds"):
            await tool.execute("update schools set support_kinds = $1::text::text[]", wrong)
    await tool.execute("update schools set support_kinds = $1::text[]", ["x" * 60, "é\nü"])


async def test_the_open_ones_come_first_by_their_review_and_pages_fit(
    client: Client, tool: Any
) -> None:
    await tool.execute("delete from supports")
    await tool.execute(
        """
        insert into supports (id, student_id, kind, review_on, closed_at)
        select n, 1 + n % 12, 'talk',
            case n % 4 when 0 then null else current_date + n % 7 end,
            case when n > 30 then timestamptz '2026-01-01 00:00Z' + n % 5 * interval '1 us' end
        from generate_series(1, 60) as n
        """
    )
    rows = await tool.fetch("select id, review_on, closed_at from supports")
    far = date(9000, 1, 1)
    expected = [
        row["id"]
        for row in sorted(
            rows,
            key=lambda row: (
                row["closed_at"] is not None,
                -row["closed_at"].timestamp() if row["closed_at"] else 0,
                0 if row["closed_at"] else (row["review_on"] or far).toordinal(),
                row["id"],
            ),
        )
    ]
    found, cursor = [], None
    for _ in range(9):
        query = {"limit": 7} | ({"cursor": cursor} if cursor else {})
        page = await client.read("/supports", **query)
        assert page["total"] == 60
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found == expected
    assert cursor is None
    assert await listed(client, state="open", limit=100) == expected[:30]
    assert await listed(client, state="closed", limit=100) == expected[30:]


async def test_to_review_this_week_goes_by_the_schools_own_day(client: Client, tool: Any) -> None:
    await tool.execute("delete from supports")
    # whatever it is in UTC, in one of these zones the day is another one
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        await tool.execute("update schools set time_zone = $1", zone)
        today = await tool.fetchval("select (now() at time zone $1)::date", zone)
        sunday = today + timedelta(days=6 - today.weekday())
        ids = [
            await tool.fetchval(
                "insert into supports (student_id, kind, review_on, closed_at)"
                " values (12, 'talk', $1, $2) returning id",
                *(day, closed),
            )
            for day, closed in (
                (sunday, None),
                (sunday - timedelta(days=40), None),
                (sunday + timedelta(days=1), None),
                (None, None),
                (sunday, await tool.fetchval("select now()")),
            )
        ]
        assert await listed(client, review="due") == [ids[1], ids[0]], zone
        page = (await client.read("/supports"))["items"]
        assert {item["id"] for item in page if item["review_due"]} == set(ids[:2])
        await tool.execute("delete from supports")


async def test_rows_of_tools_are_shown_whatever_they_hold(client: Client, tool: Any) -> None:
    await tool.execute("delete from supports")
    for opening in ("[]", '{"standings": 3}', '"x"', '{"as_of": "a", "as_of_time": "b"}', "null"):
        await tool.execute(
            "insert into supports (student_id, section_id, kind, opened_at, at_opening)"
            " values (12, 1, 'Something older', null, $1)",
            opening,
        )
    items = (await client.read("/supports"))["items"]
    assert len(items) == 5
    for item in items:
        (figures,) = item["figures"]
        assert (figures["at_opening"], figures["now"]["missing_count"]) == (None, 0)
        assert item["opening_as_of"] is None


@pytest.mark.parametrize(
    "values",
    [
        "(12, 'talk', repeat('x', 2001), null, null)",
        "(12, '', null, null, null)",
        "(12, repeat('x', 61), null, null, null)",
        "(12, 'talk', null, 'infinity', null)",
        "(12, 'talk', null, '0044-03-15 BC', null)",
        "(12, 'talk', null, null, 'An outcome of what is open')",
    ],
)
async def test_the_table_refuses_what_no_page_can_show(tool: Any, values: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await tool.execute(
            f"insert into supports (student_id, kind, note, review_on, outcome) values {values}"
        )


async def test_no_figure_is_made_of_who_noted_what(client: Client) -> None:
    """Nothing that is told of a section, a student, an overview or a report counts supports."""
    pages = [await client.read("/overview"), await client.read("/section/1")]
    await opened(client)
    after = [await client.read("/overview"), await client.read("/section/1")]
    for before, now in zip(pages, after, strict=True):
        for one in (before, now):
            one.pop("as_of"), one.pop("as_of_time")
        assert before == now
    report = await client.get("/reports/download", format="csv", student_id=12)
    assert "Falls behind" not in report.text


async def test_a_write_borne_by_the_cookie_needs_its_token(client: Client) -> None:
    token = client.as_(1)["Authorization"].removeprefix("Bearer ")
    for method, path, body in (("POST", "/supports", TALK), ("PUT", "/support/1", {})):
        answer = await client.http.request(
            method, API + path, json=body, headers={"Cookie": f"classpulse_token={token}"}
        )
        assert answer.status_code == 403
