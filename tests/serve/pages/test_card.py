"""A student's card: what it shows, and to whom."""

import re
from html import unescape
from typing import Any

import pytest

from classpulse.serve.auth.scope import viewer_by_id
from classpulse.serve.pages.card import card_of
from classpulse.serve.pages.card_history import change_in_words
from classpulse.serve.pages.display import ordinal
from serve.conftest import Client

Tool = Any
ANN, BOB, HEAD = 1, 2, 3


async def folded_in(tool: Tool) -> None:
    await tool.execute("call performance_wait(timeout => '10 s')")


async def places(client: Client, student_id: int, educator_id: int = ANN) -> dict[int, Any]:
    student = await client.read(f"/student/{student_id}", educator_id)
    return {
        standing["section_id"]: (standing["rank"], standing["ranked"])
        for standing in student["standings"]
    }


async def card(client: Client, student_id: int, educator_id: int = ANN) -> dict[str, Any]:
    database = client.app.state.database
    viewer = await viewer_by_id(database, educator_id)
    assert viewer is not None
    return await card_of(database, viewer, student_id)


async def html(client: Client, path: str, educator_id: int = ANN) -> str:
    answer = await client.http.get(path, headers=client.as_(educator_id))
    assert answer.status_code == 200, answer.text
    return answer.text


def told(card: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    return [(change["what"], change["old"], change["new"]) for change in card["changes"]]


async def test_a_rank_is_among_those_of_the_section_who_have_an_average(reader: Client) -> None:
    assert await places(reader, 11) == {1: (1, 11)}
    assert await places(reader, 2) == {1: (11, 11)}
    assert await places(reader, 12) == {1: (None, 11)}
    assert await places(reader, 1, HEAD) == {1: (7, 11), 2: (1, 2), 4: (1, 1)}
    assert await places(reader, 1, BOB) == {2: (1, 2)}


async def test_equal_averages_share_a_rank_and_the_next_one_is_left_out(
    client: Client, tool: Tool
) -> None:
    await tool.execute("update grades set score = 85 where student_id = 10 and exam_id = 1")
    await folded_in(tool)
    assert [(await places(client, student))[1] for student in (11, 10, 9)] == [
        *((1, 11), (1, 11), (3, 11))
    ]
    await tool.execute("delete from grades where student_id = 11")
    await folded_in(tool)
    assert [(await places(client, student))[1] for student in (11, 10, 9)] == [
        *((None, 10), (1, 10), (2, 10))
    ]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (None, None),
        *((1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th")),
        *((21, "21st"), (112, "112th"), (1003, "1,003rd")),
    ],
)
def test_a_rank_is_written_as_one_says_it(place: int | None, words: str | None) -> None:
    assert ordinal(place) == words


async def test_without_an_average_there_is_no_rank_and_no_zero(reader: Client) -> None:
    page = await html(reader, "/students/12/card")
    assert re.search(r'data-field="place"[^>]*>–<', page)
    assert re.search(r'data-field="average_score"[^>]*>–<', page)
    assert "11 have an average" in page
    assert "Nothing has been graded here yet." in page


async def test_a_work_has_a_day_though_nobody_said_when_it_was_graded(
    client: Client, tool: Tool
) -> None:
    await tool.execute(
        "update grades set graded_on = current_date - 4 where student_id = 1 and exam_id = 3;"
        "insert into grades (student_id, exam_id, score, graded_on) values"
        " (1, 3, 7, current_date - 4);"
        "insert into grades (student_id, section_id, subject_id, score) values (1, 1, 4, 9);"
    )
    await folded_in(tool)
    student = await client.read("/student/1")
    days = {
        (grade["exam_id"], grade["graded_on"]): grade["day"]
        for subject in student["subject_grades"]
        for grade in subject["grades"]
        if subject["section_id"] == 1
    }
    today, graded, of_exam = [
        str(day)
        for day in await tool.fetchrow(
            "select current_date, current_date - 4, current_date - 10"  # of the exam 1
        )
    ]
    assert days == {(1, None): of_exam, (2, None): today, (3, graded): graded, (None, None): today}


async def test_the_calendar_holds_the_last_weeks_of_the_sections_that_one_may_see(
    client: Client, tool: Tool
) -> None:
    await tool.execute(
        "insert into attendance (student_id, section_id, date, status) values"
        " (1, 2, current_date + 1, 'late'), (1, null, current_date - 21, 'absent'),"
        " (1, 1, current_date - 200, 'absent')"
    )
    await folded_in(tool)
    days = {
        educator: {
            day["key"]: day["status"]
            for row in ((await card(client, 1, educator))["calendar"])["rows"]
            for day in row["days"]
            if day["status"]
        }
        for educator in (ANN, BOB, HEAD)
    }
    tomorrow, whole_day, long_ago = [
        str(day)
        for day in await tool.fetchrow(
            "select current_date + 1, current_date - 21, current_date - 200"
        )
    ]
    assert tomorrow not in days[ANN]
    assert days[BOB][tomorrow] == days[HEAD][tomorrow] == "late"
    assert len(days[BOB]) == 3
    for found in days.values():
        assert found[whole_day] == "absent"
        assert long_ago not in found
    # 12 days of the section, and two whole days
    assert len(days[ANN]) == 14


async def test_changes_are_told_old_to_new_with_the_newest_first(
    client: Client, tool: Tool
) -> None:
    await tool.execute("update grades set score = 90 where student_id = 11 and exam_id = 1")
    await tool.execute(
        "update attendance set status = 'excused' where student_id = 11 and date = current_date - 2"
    )
    await tool.execute(
        "insert into grades (student_id, exam_id, score, remarks) values (11, 3, 8, 'neat')"
    )
    await tool.execute("update grades set remarks = 'very neat' where remarks = 'neat'")
    await tool.execute(
        "update grades set status = 'missing', score = null where student_id = 11 and exam_id = 1"
    )
    await tool.execute("delete from grades where student_id = 11 and exam_id = 3")
    await tool.execute("update grades set score = 1 where student_id = 10 and exam_id = 1")
    await folded_in(tool)
    day = await tool.fetchval("select to_char(current_date - 2, 'Mon FMDD, YYYY')")
    before = "present" if await tool.fetchval("select (11 + 2) % 4") else "absent"
    assert told(await card(client, 11))[:6] == [
        ("History · Rome", "8", "removed"),
        ("Mathematics · Algebra", "90", "missing"),
        ("History · Rome", None, "8 of 10 (B)"),
        ("History · Rome", None, "8 of 10 (B)"),
        (f"Attendance, {day}", before, "excused"),
        ("Mathematics · Algebra", "85", "90 of 100 (A)"),
    ]


async def test_a_score_of_many_digits_is_rounded_once_as_the_figures_are(
    client: Client, tool: Tool
) -> None:
    few = "59." + "994" + 23 * "9"
    await tool.execute(f"update grades set score = {few} where student_id = 1 and exam_id = 1")
    await folded_in(tool)
    assert told(await card(client, 1))[0] == ("Mathematics · Algebra", "35", "59.99 of 100 (F)")
    assert "59.99 of 100 (F)" in await html(client, "/")


async def test_nobody_sees_a_change_of_a_section_that_is_not_theirs(
    client: Client, tool: Tool
) -> None:
    await tool.execute("update grades set score = 91 where student_id = 1 and exam_id = 4")
    await tool.execute("update grades set score = 36 where student_id = 1 and exam_id = 1")
    await tool.execute(
        "update attendance set status = 'absent' where student_id = 1 and section_id is null"
    )
    await folded_in(tool)
    algebra = "Mathematics · Algebra"
    grades = {
        educator: [
            change for change in told(await card(client, 1, educator)) if change[0] == algebra
        ]
        for educator in (ANN, BOB, HEAD)
    }
    assert [change[2] for change in grades[ANN] if change[1]] == ["36 of 100 (F)"]
    assert [change[2] for change in grades[BOB] if change[1]] == ["91 of 100 (A)"]
    assert [change[2] for change in grades[HEAD] if change[1]] == ["36 of 100 (F)", "91 of 100 (A)"]
    for educator, foreign in ((ANN, "10-B"), (BOB, "10-A")):
        page = await html(client, "/students/1/card", educator)
        assert foreign not in page
        assert re.search(r"<s>.*excused</s>.*<strong>absent</strong>", page)


async def test_a_change_of_what_the_log_keeps_no_old_value_of_claims_none() -> None:
    grade = {
        "status": "graded",
        "score": 8,
        "total_marks": 20,
        "letter": None,
        "previous_status": "graded",
        "previous_score": 8,
        "subject_name": "Art",
        "exam_name": None,
        "section_name": "10-A",
    }
    event = {"type": "grade_update", "operation": "update", "id": "a-1", "timestamp": "now"}
    assert change_in_words({**event, "grade_data": grade}, 1) == {
        "id": "a-1",
        "at": "now",
        "what": "Art",
        "old": None,
        "new": "8 of 20",
        "place": "10-A",
    }


@pytest.mark.reliability("what a row left")
async def test_a_grade_that_went_to_somebody_else_is_on_both_cards_with_its_marks_on_one(
    client: Client, tool: Tool
) -> None:
    await tool.execute(
        "update grades set student_id = 12, score = 99 where student_id = 3 and exam_id = 1"
    )
    await folded_in(tool)
    left, came = [told(await card(client, student, ANN))[0] for student in (3, 12)]
    assert left[0] == came[0] == "Mathematics · Algebra"
    assert left[2] == "moved to another student"
    assert came[2] == "99 of 100 (A+)"
    assert "99 of 100" not in str(await card(client, 3, ANN))


@pytest.mark.parametrize("path", ["/students/30/card", "/students/999/card", "/students/x/card"])
async def test_the_card_of_who_is_not_ones_own_is_not_there(reader: Client, path: str) -> None:
    answer = await reader.http.get(path, headers=reader.as_(ANN))
    assert answer.status_code == 404
    assert "Southern" not in answer.text


@pytest.mark.parametrize("student", ["30", "999"])
@pytest.mark.parametrize("view", ["/", "/sections", "/sections/1", "/subjects/1", "/students"])
async def test_a_view_with_the_card_of_who_is_not_ones_own_is_not_there(
    reader: Client, view: str, student: str
) -> None:
    answer = await reader.http.get(f"{view}?student={student}", headers=reader.as_(ANN))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "view", ["/", "/sections", "/sections/1", "/subjects", "/subjects/1", "/students"]
)
async def test_the_card_lies_over_every_view_and_its_link_leads_back(
    reader: Client, view: str
) -> None:
    page = await html(reader, f"{view}?student=1")
    dialog = re.search(r"<dialog [^>]*\bopen>(.*)</dialog>", page, re.DOTALL)
    assert dialog is not None
    assert "<bdi>Student 001</bdi>" in dialog[1]
    close = re.search(r'<a [^>]*href="([^"]*)" data-close-card>', dialog[1])
    assert close is not None
    assert close[1] == view
    # a reader who goes on from the page leaves the card behind
    rest = page.replace(dialog[0], "")
    assert "student=1&" not in rest
    assert "student=1&amp;" not in rest


async def test_a_students_own_address_is_their_card_over_the_list(reader: Client) -> None:
    answer = await reader.http.get("/students/1", headers=reader.as_(ANN))
    assert (answer.status_code, answer.headers["location"]) == (303, "/students?student=1")
    nobody = await reader.http.get("/students/1/card")
    assert nobody.status_code == 303
    assert nobody.headers["location"].startswith("/login")


async def test_means_over_several_standings_are_labelled_so(reader: Client) -> None:
    page = await html(reader, "/students/1/card", HEAD)
    assert "mean of 3 sections" in page
    assert len(re.findall(r'data-record="standing:1-\d"', page)) == 3
    alone = await html(reader, "/students/1/card", BOB)
    assert "mean of" not in alone


@pytest.mark.parametrize(
    "name",
    ["O'Brien</script><img src=x onerror=alert(1)>", '"><b>', "=1+1", "مريم العلي", "X" * 200],
)
async def test_hostile_names_are_text(client: Client, tool: Tool, name: str) -> None:
    await tool.execute("update students set first_name = $1, email = $1 where id = 1", name)
    await tool.execute("update subjects set name = $1", name)
    await tool.execute("update sections set name = $1", name)
    await tool.execute("update exams set name = $1", name)
    await tool.execute("update grades set remarks = $1 where student_id = 1", name)
    await tool.execute("update attendance set remarks = $1 where student_id = 1", name)
    await folded_in(tool)
    page = await html(client, "/students/1/card")
    for markup in ("<img", "</script>", "<b>", 'value="">'):
        assert markup not in page
    assert len(re.findall(r'[^=\s]\s+href="(?!/|mailto:)', page)) == 0


async def test_a_student_without_anything_has_a_card_that_says_so(
    client: Client, tool: Tool
) -> None:
    await tool.execute("insert into students (id, school_id, first_name) values (60, 1, 'New')")
    await folded_in(tool)
    page = await html(client, "/students/60/card", HEAD)
    assert "Not in any of your sections now." in page
    assert "Nothing recorded yet." in page
    answer = await client.http.get("/students/60/card", headers=client.as_(ANN))
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/students/1/card", "/sections/1?status=fail&student=1"])
async def test_a_card_can_be_taken_along_as_a_file_of_everything_that_one_may_see(
    client: Client, path: str
) -> None:
    page = unescape(await html(client, path))
    card = page[page.index("data-student-card") :]
    links = re.findall(r'href="(/api/v1/performance/reports/download[^"]*)"', card)
    assert len(links) == 3
    for link, kind in zip(links, ("pdf", "spreadsheet", "csv"), strict=True):
        answer = await client.http.get(link, headers=client.as_(ANN))
        assert answer.status_code == 200, answer.text
        assert kind in answer.headers["content-type"]
