"""Names as people spell, sort and look for them, and names of any length."""

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from serve.api.test_students import paged
from serve.conftest import Client
from serve.pages.test_views import page_of
from serve.report_files import rows_of_csv

Tool = Any

SPELLED = (
    (1, "Zoe\u0308", "M\u00fcller"),
    (2, "Zo\u00eb", "Mu\u0308ller"),
    (3, "JOS\u00c9", "\u0130nce"),
    (4, "Pat", "O\u2019Brien"),
    (5, "Anna  Maria", "Stra\u00dfe"),
    (6, "Pat", "OBrien-Smith"),
    (7, "\u0141ukasz", "\u00c6r\u00f8"),
    (8, "\u041f\u0451\u0442\u0440", "\u0427\u0430\u0439\u043a\u0430"),
    (9, "100%", "a_b\\c"),
    (10, "\u5c0f\u660e", "\u738b"),
    (11, "\u1f08\u03bd\u03b4\u03c1\u03ad\u03b1\u03c2", "Fi\ufb01"),
)
FOUND = {
    "Zo\u00eb": [1, 2],
    "Zoe\u0308": [1, 2],
    "zoe": [1, 2],
    "m\u00fcller": [1, 2],
    "Muller, Zoe": [1, 2],
    "MULLER zo": [1, 2],
    "jos\u00e9": [3],
    "Ince Jose": [3],
    "\u0131nce": [3],
    "O'Brien": [4, 6],
    "O\u2019Brien": [4, 6],
    "O\u02bcBrien": [4, 6],
    "obrien": [4, 6],
    "Smith, Pat": [6],
    "OBrien-Smith": [6],
    "STRASSE": [5],
    "stra\u00dfe": [5],
    "Anna Maria": [5],
    "Stra\u00dfe, Anna Maria": [5],
    "maria anna": [5],
    "lukasz aero": [7],
    "\u041f\u0415\u0422\u0420": [8],
    "\u0447\u0430\u0438\u043a\u0430": [8],
    "%": [],
    "_": [],
    "100%": [9],
    "a_b": [9],
    "b\\c": [9],
    "\u660e": [10],
    "\u03b1\u03bd\u03b4\u03c1\u03b5\u03b1\u03c3": [11],
    "fifi": [11],
    "rien": [4, 6],
    "ri": [],
    "br": [],
    "ob": [4, 6],
    "N12": [12],
    "12": [12],
    "pat brown": [],
    "'": [],
    ",": [],
}


async def named(tool: Tool, *names: tuple[int, str, str]) -> None:
    await tool.executemany(
        "update students set first_name = $2, last_name = $3 where id = $1", names
    )
    await tool.execute("call performance_wait(timeout => '10 s')")


@pytest.mark.reliability("names by another spelling")
async def test_a_name_is_found_by_any_spelling_of_its_words(client: Client, tool: Tool) -> None:
    await named(tool, *SPELLED)
    found = {}
    for q in FOUND:
        answer = await client.read(f"/students?section_id=1&sort=name&q={quote(q)}")
        found[q] = sorted(item["id"] for item in answer["items"])
    assert found == FOUND


@pytest.mark.reliability("names by another spelling")
async def test_a_list_a_body_and_a_file_find_the_same(client: Client, tool: Tool) -> None:
    await named(tool, *SPELLED)
    for q in ("Muller, Zoe", "O'Brien", "12"):
        listed = [s["name"] for s in (await client.read(f"/students?q={quote(q)}"))["items"]]
        body = await client.http.post(
            "/api/v1/performance/filtered",
            json={"q": q, "top_count": 100},
            headers=client.as_(1),
        )
        file = await rows_of_csv(client, f"report=overview&q={quote(q)}")
        assert listed
        assert listed == [item["name"] for item in body.json()["items"]]
        assert listed == [row["name"] for row in file]
        assert {s["name"] for s in body.json()["top_performers"]} <= set(listed)


PEOPLE = (
    (1, "Zoe", "Adams"),
    (2, "Adam", "Zimmer"),
    (3, "\u00c9mile", "Baker"),
    (4, "Bea", "de la Cruz"),
    (5, "anna", "Young"),
    (6, "\u00c5sa", "Carr"),
    (7, "Bob", "O'Neil"),
    (8, "Dan", "\u00d6zt\u00fcrk"),
    (9, "Eve", "\u0141uk"),
    (10, "Carl", "Abel"),
    (11, "Berta", "Muller"),
    (12, "Anna", "M\u00fcller"),
)
BY_LAST_NAME = [10, 1, 3, 6, 4, 9, 12, 11, 7, 8, 5, 2]
BY_NAME = [2, 12, 5, 6, 4, 11, 7, 10, 8, 3, 9, 1]


@pytest.mark.reliability("names in code point order")
async def test_names_sort_as_people_sort_them(client: Client, tool: Tool) -> None:
    await named(tool, *PEOPLE)
    for sort, expected in (("last_name", BY_LAST_NAME), ("name", BY_NAME)):
        up = await client.read(f"/students?section_id=1&sort={sort}")
        assert [item["id"] for item in up["items"]] == expected
        down = await client.read(f"/students?section_id=1&sort={sort}&order=desc")
        assert [item["id"] for item in down["items"]] == expected[::-1]
        for order in ("asc", "desc"):
            query = f"section_id=1&sort={sort}&order={order}"
            whole = await paged(client, query, 1, 50)
            assert len(whole) == 12
            assert await paged(client, query, 1, 1) == whole
            assert await paged(client, query, 1, 5) == whole


@pytest.mark.reliability("names in code point order")
async def test_a_school_says_which_name_its_lists_go_by(client: Client, tool: Tool) -> None:
    await named(tool, *PEOPLE)
    for order, expected in (
        (None, BY_LAST_NAME),
        ("first_last", BY_NAME),
        ("last_first", BY_LAST_NAME),
    ):
        await tool.execute("update schools set name_order = $1 where id = 1", order)
        await tool.execute("call performance_wait(timeout => '10 s')")
        listed = (await client.read("/students?section_id=1"))["items"]
        assert [item["id"] for item in listed] == expected
        names = [item["name"] for item in listed]
        file = await rows_of_csv(client, "report=section&section_id=1")
        assert [row["name"] for row in file] == names
        page = unescape(await page_of(client, "/sections/1"))
        roster = page.split('data-list="roster"')[1]
        assert sorted(names, key=roster.index) == names
        register = await client.read("/section/1/attendance")
        assert [row["student_name"] for row in register["students"]] == [
            item["name"] for item in sorted(listed, key=lambda item: item["roll_number"])
        ]
        head = page.split('aria-sort="ascending"')[1][:200]
        assert f"sort={'name' if order == 'first_last' else 'last_name'}&order=desc" in head


async def test_without_roll_numbers_registers_and_exams_go_by_the_schools_names(
    client: Client, tool: Tool
) -> None:
    await tool.execute("update enrollments set roll_number = null")
    await named(tool, *PEOPLE)
    for order, expected in ((None, BY_LAST_NAME), ("first_last", BY_NAME)):
        await tool.execute("update schools set name_order = $1 where id = 1", order)
        register = await client.read("/section/1/attendance")
        assert [row["student_id"] for row in register["students"]] == expected
        exam = await client.read("/exam/1")
        assert [row["student_id"] for row in exam["grades"]] == expected


async def test_a_list_that_was_begun_ends_in_its_order(client: Client, tool: Tool) -> None:
    await named(tool, *PEOPLE)
    first = await client.read("/students?section_id=1&limit=5")
    await tool.execute("update schools set name_order = 'first_last', locale = 'sv'")
    rest = await client.read(f"/students?section_id=1&limit=50&cursor={first['next']}")
    found = [item["id"] for item in first["items"] + rest["items"]]
    assert found == BY_LAST_NAME


@pytest.mark.reliability("names in code point order")
@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (None, ["Åberg", "Adam", "Ärlig", "Çelik", "Cruz", "Ñam", "Nz", "Ödman", "Ole", "Zak"]),
        ("de", ["Åberg", "Adam", "Ärlig", "Çelik", "Cruz", "Ñam", "Nz", "Ödman", "Ole", "Zak"]),
        ("sv", ["Adam", "Çelik", "Cruz", "Ñam", "Nz", "Ole", "Zak", "Åberg", "Ärlig", "Ödman"]),
        ("sv_SE", ["Adam", "Çelik", "Cruz", "Ñam", "Nz", "Ole", "Zak", "Åberg", "Ärlig", "Ödman"]),
        ("es", ["Åberg", "Adam", "Ärlig", "Çelik", "Cruz", "Nz", "Ñam", "Ödman", "Ole", "Zak"]),
        ("tr", ["Åberg", "Adam", "Ärlig", "Cruz", "Çelik", "Ñam", "Nz", "Ole", "Ödman", "Zak"]),
        ("xx", ["Åberg", "Adam", "Ärlig", "Çelik", "Cruz", "Ñam", "Nz", "Ödman", "Ole", "Zak"]),
    ],
)
async def test_last_names_sort_by_the_rules_of_the_schools_language(
    client: Client, tool: Tool, locale: str | None, expected: list[str]
) -> None:
    await named(tool, *((n, "A", name) for n, name in enumerate(sorted(expected), 1)))
    await tool.execute("update schools set locale = $1 where id = 1", locale)
    await tool.execute("call performance_wait(timeout => '10 s')")
    listed = (await client.read("/students?section_id=1&limit=50"))["items"]
    assert [item["last_name"] for item in listed if item["first_name"] == "A"] == expected


async def test_one_who_is_in_schools_of_two_orders_gets_a_list_by_last_name(
    client: Client, tool: Tool
) -> None:
    await tool.execute("update schools set name_order = 'first_last' where id = 1")
    both = (await client.read("/students", 4))["items"]
    assert [item["last_name"] for item in both] == sorted(item["last_name"] for item in both)


async def test_sections_and_subjects_sort_as_people_sort_them(client: Client, tool: Tool) -> None:
    await tool.execute(
        "update sections set name = 'Zoologie' where id = 1;"
        "update sections set name = 'Ägypten' where id = 2;"
        "update sections set term_id = null, name = 'biologie' where id = 4;"
        "update subjects set name = 'Zoologie' where id = 1;"
        "update subjects set name = 'Ägypten' where id = 2;"
    )
    await tool.execute("call performance_wait(timeout => '10 s')")
    sections = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        cursor = f"&cursor={page['next']}" if page["next"] else ""
        page = await client.read(f"/sections?limit=1{cursor}", 3)
        sections += [item["section_name"] for item in page["items"]]
    assert sections == ["Ägypten", "biologie", "Zoologie"]
    subjects = await client.read("/subjects?limit=1", 3)
    rest = await client.read(f"/subjects?cursor={subjects['next']}", 3)
    assert [s["subject_name"] for s in subjects["items"] + rest["items"]] == ["Ägypten", "Zoologie"]


async def test_a_student_has_both_names_beside_the_whole(reader: Client) -> None:
    both = {"name": "Student 001", "first_name": "Student", "last_name": "001"}
    for student in (
        (await reader.read("/students?q=001"))["items"][0],
        await reader.read("/student/1"),
    ):
        assert {name: student[name] for name in both} == both
    section = await reader.read("/section/1")
    for student in section["top_performers"] + section["low_performers"]:
        assert student["name"] == f"{student['first_name']} {student['last_name']}"


LONG = "\U0001f393 " + "x" * 900_000


@pytest.mark.reliability("names of any length")
async def test_names_and_remarks_of_any_length_are_stored_and_shown_short(
    client: Client, tool: Tool
) -> None:
    for statement in (
        "update schools set name = $1",
        "update terms set name = $1",
        "update educators set full_name = $1",
        "update sections set name = $1",
        "update subjects set name = $1",
        "update students set first_name = $1, last_name = $1, email = $1",
        "update exams set name = $1",
        "update grades set remarks = $1",
        "update attendance set remarks = $1 where student_id = 1",
    ):
        await tool.execute(statement, LONG)
    await tool.execute("call performance_wait(timeout => '20 s')")
    assert await tool.fetchval("select min(char_length(name)) from sections") == len(LONG)

    def check(value: Any, name: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                check(inner, key)
        elif isinstance(value, list):
            for inner in value:
                check(inner, name)
        elif isinstance(value, str) and name not in ("next", "access_token"):
            most = 2_000 if name == "remarks" else 500
            assert len(value) <= most, name
            if value.startswith("\U0001f393"):
                cut.add(name)
                assert len(value) == most or "name" not in name
                assert value.endswith("\u2026")

    cut: set[str] = set()
    for path in (
        "/overview",
        "/sections",
        "/section/1",
        "/subjects",
        "/subject/1",
        "/students",
        "/student/1",
        "/exams",
        "/exam/1",
        "/section/1/attendance",
        "/terms",
        "/events?limit=500",
    ):
        check(await client.read(path, 3), path)
    assert cut >= {"name", "first_name", "last_name", "email", "section_name", "subject_name"}
    assert cut >= {"exam_name", "student_name", "school_name", "remarks"}
    me = await client.http.get("/api/v1/auth/me", headers=client.as_(3, "principal"))
    check(me.json(), "me")
    for address in ("/", "/sections", "/sections/1", "/subjects/1", "/students?student=1"):
        page = await page_of(client, address, 3)
        assert {len(run) for run in re.findall("x{20,}", page)} <= {497, 1_997}, address
    file = await rows_of_csv(client, "report=student&student_id=1", 3)
    assert max(len(field) for row in file for field in row.values()) <= 2_000


async def test_lists_of_long_names_are_paged_whole(client: Client, tool: Tool) -> None:
    await tool.execute(
        "update students set last_name = $1, first_name = $2",
        '"\u5b57\U0001f393' * 300_000,
        "\ufdfa" * 1000,
    )
    await tool.execute("update sections set name = $1", "\U0001f393" * 200_000)
    await tool.execute("update subjects set name = $1", "\U0001f393" * 200_000)
    await tool.execute("call performance_wait(timeout => '20 s')")
    for sort in ("name", "last_name", "average"):
        assert len(set(await paged(client, f"sort={sort}", 4, 4))) == 15
    for path in ("/sections", "/subjects"):
        first = await client.read(f"{path}?limit=1", 3)
        rest = await client.read(f"{path}?cursor={first['next']}", 3)
        assert len(first["items"] + rest["items"]) == first["total"]
