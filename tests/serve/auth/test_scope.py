"""What is not theirs is 404 on every route, and in no list."""

import pytest

from serve.conftest import Client

# Ann teaches 10-A (1) and, last year, 9-A (4); Bob 10-B (2); Sue 10-A of another school (3).
PATHS = {
    "section": ["/section/{}", "/section/{}/attendance", "/students?section_id={}"],
    "subject": ["/subject/{}", "/students?subject_id={}", "/exams?subject_id={}"],
    "student": ["/student/{}"],
    "exam": ["/exam/{}"],
    "grade": ["/grade/{}/history"],
    "support": [],
    "term": ["/overview?term={}", "/sections?term={}", "/subjects?term={}", "/students?term={}"],
}
THEIRS: dict[int, dict[str, list[int]]] = {
    1: {
        "support": [1],
        "section": [1, 4],
        "subject": [1, 2],
        "student": [1, 12],
        "exam": [1, 6],
        "grade": [1, 18],
        "term": [1, 2],
    },
    2: {
        "support": [1, 2],
        "section": [2],
        "subject": [1],
        "student": [1, 20],
        "exam": [4],
        "grade": [15, 16],
        "term": [1],
    },
    3: {
        "support": [1, 2],
        "section": [1, 2, 4],
        "subject": [1, 2, 4],
        "student": [1, 12, 20],
        "exam": [1, 4, 6],
        "grade": [1, 15, 18],
        "term": [1, 2],
    },
    4: {
        "support": [1, 2, 3],
        "section": [1, 2, 3, 4],
        "subject": [1, 3, 4],
        "student": [1, 20, 30],
        "exam": [1, 5],
        "grade": [1, 17],
        "term": [1, 2, 3],
    },
    6: {
        "support": [3],
        "section": [3],
        "subject": [3],
        "student": [30],
        "exam": [5],
        "grade": [17],
        "term": [3],
    },
}
FOREIGN: dict[int, dict[str, list[int]]] = {
    1: {
        "support": [2, 3],
        "section": [2, 3],
        "subject": [3, 4],
        "student": [20, 30],
        "exam": [4, 5],
        "grade": [15, 17],
        "term": [3],
    },
    2: {
        "support": [3],
        "section": [1, 3],
        "subject": [2, 3],
        "student": [2, 30],
        "exam": [1, 5],
        "grade": [1, 17],
        "term": [3],
    },
    3: {
        "support": [3],
        "section": [3],
        "subject": [3],
        "student": [30],
        "exam": [5],
        "grade": [17],
        "term": [3],
    },
    4: {},
    6: {
        "support": [1, 2],
        "section": [1],
        "subject": [1],
        "student": [1],
        "exam": [1],
        "grade": [1],
        "term": [1],
    },
    7: {"support": [1], "section": [1], "subject": [1], "student": [1], "exam": [1], "grade": [1]},
}
NOBODYS = [0, 999, 9223372036854775807]


@pytest.mark.parametrize("educator", THEIRS)
async def test_what_is_theirs_is_shown(reader: Client, educator: int) -> None:
    for noun, ids in THEIRS[educator].items():
        for path in PATHS[noun]:
            for id_ in ids:
                answer = await reader.get(path.format(id_), educator)
                assert answer.status_code == 200, (path, id_, answer.text)


@pytest.mark.parametrize("educator", FOREIGN)
async def test_what_is_not_theirs_looks_like_what_does_not_exist(
    reader: Client, educator: int
) -> None:
    for noun, paths in PATHS.items():
        for path in paths:
            missing = await reader.get(path.format(999), educator)
            assert missing.status_code == 404, path
            for id_ in FOREIGN[educator].get(noun, []):
                answer = await reader.get(path.format(id_), educator)
                assert answer.status_code == 404, (path, id_)
                assert answer.content == missing.content


async def test_one_foreign_id_among_ones_own_is_404(reader: Client) -> None:
    assert (await reader.get("/students?section_id=1&section_id=2")).status_code == 404
    for body in ({"section_ids": [1, 2]}, {"subject_ids": [1, 3]}, {"section_ids": [999]}):
        answer = await reader.http.post(
            "/api/v1/performance/filtered", json=body, headers=reader.as_(1)
        )
        assert answer.status_code == 404, body


async def test_lists_hold_what_is_theirs_alone(reader: Client) -> None:
    async def ids(path: str, educator: int, name: str) -> set[int]:
        return {item[name] for item in (await reader.read(path, educator))["items"]}

    assert await ids("/sections", 1, "section_id") == {1}
    assert await ids("/sections", 2, "section_id") == {2}
    assert await ids("/sections", 3, "section_id") == {1, 2}
    assert await ids("/sections", 4, "section_id") == {1, 2, 3}
    assert await ids("/sections?term=2", 1, "section_id") == {4}
    assert await ids("/sections?term=2", 2, "section_id") == set()
    assert await ids("/subjects", 2, "subject_id") == {1}
    assert await ids("/subjects", 4, "subject_id") == {1, 2, 3}
    assert await ids("/students", 2, "id") == {1, 20}
    assert await ids("/exams", 2, "exam_id") == {4}
    assert await ids("/exams", 3, "exam_id") == {1, 2, 3, 4}
    assert await ids("/terms", 6, "id") == {3}
    assert await ids("/terms", 4, "id") == {1, 2, 3}


async def test_a_student_in_two_sections_shows_only_what_the_viewer_may_see(
    reader: Client,
) -> None:
    anns = await reader.read("/student/1", 1)
    bobs = await reader.read("/student/1", 2)
    heads = await reader.read("/student/1", 3)
    assert [s["section_id"] for s in anns["standings"]] == [1, 4]
    assert [s["section_id"] for s in bobs["standings"]] == [2]
    assert [s["section_id"] for s in heads["standings"]] == [1, 2, 4]
    assert bobs["average_score"] == 90
    assert {row["section_id"] for row in bobs["subject_grades"]} == {2}
    assert bobs["attendance"]["total"] == 1
    assert anns["attendance"]["total"] == 13


async def test_an_events_history_is_scoped_as_its_stream(reader: Client) -> None:
    everything = (await reader.read("/events?limit=500", 4))["items"]
    anns = (await reader.read("/events?limit=500", 1))["items"]
    sues = (await reader.read("/events?limit=500", 6))["items"]
    assert everything
    assert not {e["id"] for e in anns} & {
        e["id"] for e in sues if e["type"] in ("grade_update", "attendance_update")
    }
    for events, sections in ((anns, {1, 4}), (sues, {3})):
        for event in events:
            named = {*event.get("section_ids", [])}
            for part in event.values():
                if isinstance(part, dict) and part.get("section_id") is not None:
                    named.add(part["section_id"])
            assert named <= sections, event
