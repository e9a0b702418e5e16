"""The shape of every answer, by the contract's names, and that its figures agree."""

from typing import Any

import asyncpg
import pytest

from serve.conftest import API, Client, serving

LETTERS = ["A+", "A", "B+", "B", "C+", "C", "D+", "D", "F"]
AS_OF = {"as_of", "as_of_time"}
COUNTS = {"total_students", "passed_students", "failed_students", "no_data", "pass_rate"}
SCORES = {"average_score", "highest_score", "lowest_score", "grade_distribution"}
PERFORMERS = {"top_performers", "low_performers"}
BAR = {"id", "name", "average", "pass_rate", "students", "attendance"}
SECTION = (
    {"section_id", "section_name", "attendance_average", "subject_averages"}
    | COUNTS
    | SCORES
    | PERFORMERS
)
SUBJECT = (
    {"subject_id", "subject_name", "subject_code", "standings", "sections_performance"}
    | COUNTS
    | SCORES
)
STUDENT = {
    "id",
    "student_number",
    "name",
    "email",
    "average_score",
    "average_if_missing_zero",
    "letter",
    "status",
    "attendance_percentage",
    "total_subjects",
    "passed_subjects",
    "failed_subjects",
    "standings",
}
LISTED = STUDENT | {"section_id", "section_name", "roll_number"}
LISTS = ("/sections", "/subjects", "/students", "/exams", "/terms", "/events")


def check_list(answer: dict[str, Any]) -> list[dict[str, Any]]:
    assert answer.keys() == {"items", "next", "total"} | AS_OF
    items: list[dict[str, Any]] = answer["items"]
    return items


async def test_the_overview_merges_its_sections(reader: Client) -> None:
    overview = await reader.read("/overview", 3)
    assert overview.keys() >= AS_OF | PERFORMERS | {
        "total_students",
        "total_sections",
        "total_subjects",
        "standings",
        "no_data",
        "overall_average",
        "overall_pass_rate",
        "grade_distribution",
        "subject_performance_chart",
        "sections_performance_chart",
        "sections_summary",
        "subjects_summary",
        "attendance_stats",
    }
    # student 1 is in both sections, student 12 has no grade
    assert (overview["total_students"], overview["standings"]) == (13, 14)
    assert (overview["total_sections"], overview["total_subjects"]) == (2, 2)
    assert overview["no_data"] == 1
    # (56.666… + 40 + 45 + … + 85 + 90 + 40) / 13
    assert overview["overall_average"] == 62.44
    assert overview["overall_pass_rate"] == 53.85
    assert list(overview["grade_distribution"]) == LETTERS
    assert sum(overview["grade_distribution"].values()) == 13
    assert overview["attendance_stats"] == {
        "present": 108,
        "late": 0,
        "absent": 36,
        "excused": 2,
        "total": 146,
        "percentage": 74.48,
        "percentage_unexcused": 75.0,
        "chronically_absent": 12,
        "absence_basis": "sessions",
    }
    for chart in ("subject_performance_chart", "sections_performance_chart"):
        assert all(bar.keys() == BAR for bar in overview[chart])
    assert [bar["name"] for bar in overview["sections_performance_chart"]] == ["10-A", "10-B"]
    assert overview["sections_summary"][1]["average_score"] == 65
    history, maths = overview["subjects_summary"]
    assert (maths["total_students"], maths["standings"]) == (13, 14)
    bars = overview["subject_performance_chart"]
    assert [bar["students"] for bar in bars] == [12, 13]
    # 10-B recorded but a whole day of one student, who was excused: no percentage of its own
    assert [bar["attendance"] for bar in bars] == [history["attendance_average"], 74.48]
    assert history["attendance_average"] == overview["sections_summary"][0]["attendance_average"]


async def test_the_overviews_summaries_hold_no_lists_of_their_own(reader: Client) -> None:
    overview = await reader.read("/overview", 3)
    for item in overview["sections_summary"] + overview["subjects_summary"]:
        assert not any(isinstance(value, list) for value in item.values())
        assert list(item["grade_distribution"]) == LETTERS
    assert overview["sections_summary"][0].keys() >= COUNTS | SCORES | {"attendance_average"}


async def test_a_distribution_of_nobody_has_the_letters_of_the_policy_that_holds(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async def empty() -> list[dict[str, int]]:
        return [
            (await client.read("/overview", 7))["grade_distribution"],
            (await client.read("/subject/4", 3))["grade_distribution"],
        ]

    await tool.execute("delete from grading_policies")
    assert await empty() == [dict.fromkeys(LETTERS, 0)] * 2
    assert (await client.read("/overview", 4))["grade_distribution"].keys() == set(LETTERS)
    await tool.execute(
        "insert into terms (id, school_id, name, starts_on, ends_on)"
        " values (9, 1, 'Empty', '2001-01-01', '2001-02-01');"
        'insert into grading_policies (school_id, letter_scale) values (1, \'{"P": 50, "N": 0}\')'
    )
    assert await empty() == [{"P": 0, "N": 0}] * 2
    overview = await client.read("/overview", 3, term=9)
    assert list(overview["grade_distribution"].items()) == [("P", 0), ("N", 0)]


async def test_an_overview_of_nothing_has_zeros_for_counts_and_null_for_means(
    reader: Client,
) -> None:
    overview = await reader.read("/overview", 7)
    counts = ("total_students", "total_sections", "total_subjects", "standings", "no_data")
    assert [overview[name] for name in counts] == [0] * 5
    assert overview["overall_average"] is None
    assert overview["overall_pass_rate"] is None
    assert overview["grade_distribution"] == dict.fromkeys(LETTERS, 0)
    assert overview["attendance_stats"]["percentage"] is None
    assert overview["attendance_stats"]["total"] == 0
    assert overview["top_performers"] == overview["low_performers"] == []


async def test_the_overview_of_another_term(reader: Client) -> None:
    overview = await reader.read("/overview", 1, term=2)
    assert [s["section_name"] for s in overview["sections_summary"]] == ["9-A"]
    assert overview["overall_average"] == 61


async def test_a_section_whole_and_in_the_list_says_the_same(reader: Client) -> None:
    section = await reader.read("/section/1")
    assert section.keys() >= SECTION | AS_OF
    (listed,) = check_list(await reader.read("/sections"))
    assert listed == {name: section[name] for name in listed}
    assert listed.keys() >= SECTION
    assert section["average_score"] == 61.97
    assert section["subject_averages"] == [
        {"subject_id": 2, "subject_name": "History", "average": None},
        {"subject_id": 1, "subject_name": "Mathematics", "average": 61.97},
    ]


async def test_nobody_is_among_the_best_and_the_weakest(reader: Client) -> None:
    section = await reader.read("/section/1")
    assert [s["id"] for s in section["top_performers"]] == [11, 10, 9, 8, 7]
    assert [s["id"] for s in section["low_performers"]] == [2, 3, 4, 5, 1]
    small = await reader.read("/section/2", 2)
    assert [s["id"] for s in small["top_performers"]] == [1, 20]
    assert small["low_performers"] == []
    for student in section["top_performers"]:
        assert student.keys() >= LISTED
        assert not student.keys() & {"subject_grades", "attendance"}


async def test_who_has_few_grades_is_neither_best_nor_weakest(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await tool.execute(
        "insert into exams (id, section_id, subject_id, name) values (20, 1, 1, 'Third');"
        "insert into grades (student_id, exam_id, score) select n, e, 70"
        " from generate_series(2, 10) as n, unnest(array[2, 20]) as e"
        " on conflict (student_id, exam_id) do update set score = 35, status = 'graded'"
    )
    await tool.execute("call performance_wait(timeout => '10 s')")
    section = await client.read("/section/1")
    # the median is 3 graded rows: 11, the best by far, has but one
    assert section["graded_median"] == 3
    shown = [s["id"] for s in section["top_performers"] + section["low_performers"]]
    assert 11 not in shown
    assert len(shown) == len(set(shown)) == 10


async def test_ties_are_by_name_then_id(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await tool.execute(
        "update grades set score = 80 where exam_id = 1;"
        "delete from grades where exam_id = 2;"
        "update students set first_name = 'Aaron', last_name = 'Same' where id in (7, 5)"
    )
    await tool.execute("call performance_wait(timeout => '10 s')")
    section = await client.read("/section/1")
    assert [s["id"] for s in section["top_performers"]] == [5, 7, 1, 2, 3]
    assert [s["id"] for s in section["low_performers"]] == [4, 6, 8, 9, 10]


async def test_a_subject_is_merged_over_its_sections(reader: Client) -> None:
    subject = await reader.read("/subject/1", 3)
    assert subject.keys() >= SUBJECT | AS_OF
    # student 1 learns it in both sections
    assert (subject["total_students"], subject["standings"], subject["no_data"]) == (13, 14, 1)
    assert subject["average_score"] == 62.44
    assert (subject["highest_score"], subject["lowest_score"]) == (90, 40)
    assert [s["section_name"] for s in subject["sections_performance"]] == ["10-A", "10-B"]
    listed = check_list(await reader.read("/subjects", 3))
    assert [s["subject_name"] for s in listed] == ["History", "Mathematics"]
    assert listed[1] == {name: subject[name] for name in listed[1]}
    untaught = await reader.read("/subject/4", 3)
    assert (untaught["total_students"], untaught["average_score"]) == (0, None)
    assert untaught["grade_distribution"] == dict.fromkeys(LETTERS, 0)
    assert untaught["sections_performance"] == []


async def test_a_student_is_the_mean_of_the_standings_shown_and_says_so(reader: Client) -> None:
    student = await reader.read("/student/1", 3)
    assert student.keys() >= STUDENT | AS_OF | {"subject_grades", "attendance", "average_label"}
    # (56.666… + 90 + 61) / 3
    assert student["average_score"] == 69.22
    assert (student["letter"], student["status"]) == ("D+", "pass")
    assert student["average_label"] == "mean of 3 sections"
    maths = student["subject_grades"][0]
    assert maths.keys() >= {
        "subject_id",
        "subject_name",
        "subject_code",
        "section_id",
        "section_name",
        "percentage",
        "grade_letter",
        "is_passed",
        "grades",
    }
    grade = {"id", "exam_id", "exam_name", "score", "total_marks", "percentage", "status"}
    of_item = {"category_id", "due_on", "weight", "extra_credit", "counts", "why_not"}
    of_work = {"submitted_at", "is_late", "graded_on", "day", "remarks", "carried_from"}
    assert all(row.keys() == grade | of_item | of_work for row in maths["grades"])
    assert student["attendance"]["total"] == 13
    assert len(student["attendance"]["recent"]) == 13


async def test_an_absences_only_section_has_counts_and_no_percentage(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    before = (await client.read("/student/1", 3))["attendance"]
    await tool.execute(
        "insert into attendance (student_id, section_id, date, status)"
        " select 1, 2, current_date - day, 'absent' from generate_series(1, 3) as day"
    )
    await tool.execute("call performance_wait(timeout => '10 s')")
    student = await client.read("/student/1", 3)
    after = student["attendance"]
    assert (after["absent"], after["total"]) == (before["absent"] + 3, before["total"] + 3)
    for name in ("percentage", "percentage_unexcused"):
        assert after[name] == before[name]
        assert student[f"attendance_{name}"] == before[name]
    of_bob = await client.read("/student/1", 2)
    assert (of_bob["attendance"]["absent"], of_bob["attendance"]["percentage"]) == (3, None)
    assert of_bob["attendance_percentage"] is None


async def test_days_beyond_our_calendar_are_none(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    register = await client.read("/section/1/attendance")
    # a database of before such days were refused
    for refusal in await tool.fetch(
        "select format('alter table %s drop constraint %I', conrelid::regclass, conname)"
        " from pg_constraint where contype = 'c'"
        " and conrelid in ('terms'::regclass, 'exams'::regclass, 'attendance'::regclass,"
        " 'grades'::regclass) and pg_get_constraintdef(oid) ~ 'isfinite|infinity|date'"
    ):
        await tool.execute(refusal[0])
    await tool.execute(
        "update exams set exam_date = 'infinity' where id = 1;"
        "update exams set exam_date = '-infinity' where id = 2;"
        "update terms set ends_on = 'infinity', starts_on = '-infinity' where id = 1;"
        "update grades set graded_on = 'infinity' where exam_id = 1 and student_id = 1;"
        "insert into attendance (student_id, section_id, date, status) values"
        " (1, 1, 'infinity', 'present'), (1, null, '12000-01-01', 'present'),"
        " (2, 1, '-infinity', 'present')"
    )
    await tool.execute("call performance_wait(timeout => '10 s')")
    again = await client.read("/section/1/attendance")
    for name in ("from", "to", "sessions"):
        assert again[name] == register[name]
    await client.read("/section/1/attendance?from=9999-01-01&to=9999-12-31")
    exams: list[Any] = []
    page = await client.read("/exams?limit=1")
    while True:
        exams += page["items"]
        if page["next"] is None:
            break
        page = await client.read("/exams", limit=1, cursor=page["next"])
    assert [(e["exam_id"], e["exam_date"] is None) for e in exams] == [
        (3, False),
        (2, True),
        (1, True),
    ]
    assert (await client.read("/exam/1"))["exam_date"] is None
    page = await client.read("/terms", limit=1)
    terms = page["items"] + (await client.read("/terms", cursor=page["next"]))["items"]
    assert [(t["name"], t["starts_on"] is None, t["ends_on"] is None) for t in terms] == [
        ("Before", False, False),
        ("Now", True, True),
    ]
    student = await client.read("/student/1")
    assert [row["date"] for row in student["attendance"]["recent"]][-2:] == [None, None]
    grades = {g["exam_id"]: g for s in student["subject_grades"] for g in s["grades"]}
    assert grades[1]["graded_on"] is None


async def test_the_unknown_is_null_and_never_zero(reader: Client) -> None:
    student = await reader.read("/student/12")
    assert student["status"] == "no_data"
    for name in ("average_score", "average_if_missing_zero", "letter"):
        assert student[name] is None
    assert student["average_label"] == "no average yet"
    two = await reader.read("/student/2")
    assert (two["average_score"], two["average_if_missing_zero"]) == (40, 26.67)
    statuses = {row["exam_id"]: row for row in two["subject_grades"][0]["grades"]}
    assert (statuses[2]["status"], statuses[2]["score"]) == ("missing", None)
    assert statuses[2]["percentage"] is None


async def test_exams_say_how_many_are_graded(reader: Client) -> None:
    exams = check_list(await reader.read("/exams"))
    assert [exam["exam_id"] for exam in exams] == [3, 1, 2]
    geometry = exams[2]
    counts = ("graded", "missing", "excused", "pending", "students")
    assert [geometry[name] for name in counts] == [1, 1, 1, 0, 12]
    exam = await reader.read("/exam/2")
    assert geometry == {name: exam[name] for name in geometry}
    assert len(exam["grades"]) == 12
    assert [row["roll_number"] for row in exam["grades"]] == list(range(1, 13))
    assert [row["status"] for row in exam["grades"]][-3:] == ["excused", "missing", "graded"]
    assert [e["exam_id"] for e in (await reader.read("/exams?subject_id=2"))["items"]] == [3]


async def test_a_register_shows_two_weeks_or_what_is_asked(reader: Client) -> None:
    register = await reader.read("/section/1/attendance")
    assert len(register["students"]) == 12
    assert len(register["sessions"]) == 12
    assert register["sessions"][0].keys() >= {"date", "period", "present", "absent"}
    first = register["sessions"][0]["date"]
    one = await reader.read(f"/section/1/attendance?from={first}&to={first}")
    assert (one["from"], one["to"]) == (first, first)
    assert [len(student["marks"]) for student in one["students"]] == [1] * 12
    whole = await reader.read("/section/1/attendance?from=2020-01-01&to=2020-12-31")
    assert whole["sessions"] == []
    for span in ("from=2020-01-02&to=2020-01-01", "from=2020-01-01&to=2022-01-01", "to=never"):
        assert (await reader.get(f"/section/1/attendance?{span}")).status_code == 400, span
    for span in ("from=0001-01-01", "to=0001-01-01", "from=9999-12-31"):
        assert (await reader.get(f"/section/1/attendance?{span}")).status_code in (200, 400), span


async def test_terms_say_which_is_current(reader: Client) -> None:
    terms = check_list(await reader.read("/terms"))
    assert [(t["name"], t["is_current"], t["sections"]) for t in terms] == [
        ("Now", True, 1),
        ("Before", False, 1),
    ]


async def test_the_history_is_newest_first_and_pages_by_id(reader: Client) -> None:
    everything = check_list(await reader.read("/events?limit=500"))
    positions = [event["position"] for event in everything]
    assert positions == sorted(positions, reverse=True)
    assert not any(event["type"].startswith("_") for event in everything)
    paged: list[Any] = []
    page = await reader.read("/events?limit=7")
    while True:
        assert page["total"] == len(everything)
        paged += page["items"]
        if page["next"] is None:
            break
        page = await reader.read(f"/events?limit=7&before={page['next']}")
    assert paged == everything
    for types in ("types=grade_update&types=exam_created", "types=grade_update,exam_created"):
        some = (await reader.read(f"/events?limit=500&{types}"))["items"]
        assert some == [e for e in everything if e["type"] in ("grade_update", "exam_created")]
    assert (await reader.get("/events?before=garbage")).status_code == 400
    epoch, _, position = page["as_of"].partition("-")
    for before in (f"other{epoch}-{position}", f"{epoch}.-{position}", f"{epoch}-", "0", "-1"):
        refused = await reader.get(f"/events?before={before}")
        assert refused.status_code == 400, before
    assert "restored" in (await reader.get(f"/events?before=other-{position}")).json()["detail"]
    for types in ("garbage", "grade_update,garbage", "", "heartbeat"):
        refused = await reader.get("/events", types=types)
        assert refused.status_code == 400, types
        assert "attendance_update, bulk_update" in refused.json()["detail"]


@pytest.mark.parametrize("path", LISTS)
async def test_every_answer_says_what_it_is_as_of(reader: Client, path: str) -> None:
    answer = await reader.get(path)
    body = answer.json()
    epoch, _, position = body["as_of"].partition("-")
    assert epoch
    assert position.isdigit()
    assert body["as_of_time"].endswith("Z")
    assert answer.headers["cache-control"] == "no-store"


async def test_an_answers_figures_and_as_of_are_of_one_moment(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    before = await client.read("/section/1")
    await tool.execute("update grades set score = 100 where exam_id = 1 and student_id = 2")
    await tool.execute("call performance_wait(timeout => '10 s')")
    after = await client.read("/section/1")
    assert after["average_score"] > before["average_score"]
    events = (await client.read("/events?types=grade_update&limit=1"))["items"]
    assert events[0]["grade_data"]["score"] == 100
    position = int(before["as_of"].partition("-")[2])
    assert position < events[0]["position"] <= int(after["as_of"].partition("-")[2])
    section = events[0]["performance_data"]["section"]
    assert section["average_score"] == after["average_score"]


async def test_an_events_exam_is_an_item_of_the_list_of_exams(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async def told(statement: str) -> Any:
        await tool.execute(statement)
        await tool.execute("call performance_wait(timeout => '10 s')")
        return (await client.read("/events?limit=1"))["items"][0]["performance_data"]

    algebra = (await told("update grades set score = 9.5 where exam_id = 1 and student_id = 2"))[
        "exam"
    ]
    listed = {exam["exam_id"]: exam for exam in (await client.read("/exams"))["items"]}
    assert algebra == listed[1]
    assert (algebra["graded"], algebra["students"]) == (11, 12)
    geometry = await told("update exams set name = 'Shapes' where id = 2")
    assert geometry["exam"] == listed[2] | {"exam_name": "Shapes"}
    moved = await told(
        "update grades set exam_id = 3, subject_id = 2, total_marks = 10, score = 5"
        " where exam_id = 1 and student_id = 2"
    )
    assert (moved["exam"]["exam_id"], moved["exam"]["graded"]) == (3, 1)
    alone = await told(
        "insert into grades (student_id, section_id, subject_id, score) values (1, 1, 1, 50)"
    )
    assert alone["exam"] is None
    gone = await told("delete from exams where id = 3")
    assert gone["exam"] is None


async def test_figures_of_an_exam_follow_it_out_of_a_section(
    client: Client, tool: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await tool.execute("update exams set section_id = 2 where id = 1")
    await tool.execute("call performance_wait(timeout => '10 s')")
    for educator, operation in ((1, "delete"), (2, "update")):
        events = (await client.read("/events?types=grade_update&limit=11", educator))["items"]
        assert [event["operation"] for event in events] == [operation] * 11
        exams = [event["performance_data"]["exam"] for event in events]
        if educator == 1:
            assert exams == [None] * 11
        else:
            assert {(exam["section_id"], exam["students"]) for exam in exams} == {(2, 2)}


async def test_two_processes_answer_alike(client: Client, school_url: str) -> None:
    async with serving(school_url) as other:
        for path in ("/section/1", "/students?limit=500", "/student/1"):
            one, two = await client.read(path), await other.read(path)
            for answer in (one, two):
                answer.pop("as_of"), answer.pop("as_of_time")
            assert one == two


async def test_a_filtered_post_takes_the_same_as_a_body(reader: Client) -> None:
    body = {
        "section_ids": [1],
        "subject_ids": [1],
        "performance_threshold": 60.5,
        "sort_by": "average",
        "sort_order": "desc",
        "top_count": 2,
        "low_count": 1,
        "limit": 3,
    }
    answer = await reader.http.post(f"{API}/filtered", json=body, headers=reader.as_(1))
    assert answer.status_code == 200, answer.text
    got = answer.json()
    assert got.keys() == {"items", "next", "total"} | AS_OF | PERFORMERS
    assert [item["id"] for item in got["items"]] == [11, 10, 9]
    assert got["total"] == 5
    assert [s["id"] for s in got["top_performers"]] == [11, 10]
    assert [s["id"] for s in got["low_performers"]] == [7]
    same = await reader.read(
        "/students?section_id=1&subject_id=1&min_average=60.5&sort=average&order=desc&limit=3"
    )
    assert same["items"] == got["items"]
