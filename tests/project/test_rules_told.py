"""Whoever sees a section is told what a changed rule did to its letters."""

from typing import Any

from project.batches import Log

# Quizzes weigh 10, exams 30: 1 has 60 and 90, 2 has 90 and 60, 3 nothing. A: from 80, B: from 0
SCHOOL = """
insert into schools (id, name) values (1, 'School');
update grading_policies set letter_scale = '{"A": 80, "B": 0}';
insert into sections (id, school_id, name) values (1, 1, 'Class 10-A'), (2, 1, 'Class 10-B');
insert into subjects (id, school_id, name) values (1, 1, 'Maths'), (2, 1, 'Art');
insert into students (id, school_id, first_name) values (1, 1, 'A'), (2, 1, 'B'), (3, 1, 'C');
insert into enrollments (student_id, section_id) values (1, 1), (2, 1), (3, 1);
insert into grade_categories (id, school_id, name, weight)
values (1, 1, 'Quizzes', 10), (2, 1, 'Exams', 30);
insert into grades (student_id, section_id, subject_id, category_id, score) values
(1, 1, 1, 1, 60), (1, 1, 1, 2, 90), (2, 1, 1, 1, 90), (2, 1, 1, 2, 60), (3, 1, 2, 1, 50);
"""


async def told(connection: Any, change: str) -> list[dict[str, Any]]:
    log = Log(connection)
    await log.fold()
    await connection.execute(change)
    events = await log.fold()
    assert {event["type"] for event in events} == {"figures_changed"}
    return [event for event in events if "grading_data" in event]


async def test_a_changed_weight_says_how_many_letters_it_moved(connection: Any) -> None:
    await connection.execute(SCHOOL)
    # 82.5 becomes 69 and 67.5 becomes 81: the distribution is as it was
    events = await told(connection, "update grade_categories set weight = 70 where id = 1")
    assert [(e["reason"], e["section_ids"], e["grading_data"]) for e in events] == [
        (
            "grading",
            [1],
            {
                "section_id": 1,
                "section_name": "Class 10-A",
                "subject_id": subject,
                "subject_name": name,
                "category_name": "Quizzes",
                "changed": ["weight"],
                "letters_changed": letters,
            },
        )
        for subject, name, letters in ((1, "Maths", 2), (2, "Art", 0))
    ]


async def test_of_two_categories_at_once_no_one_is_named(connection: Any) -> None:
    await connection.execute(SCHOOL)
    maths, art = await told(
        connection,
        "update grade_categories set weight = 100 - weight, drop_lowest = 3 - id where id < 3",
    )
    assert (maths["grading_data"]["category_name"], maths["grading_data"]["changed"]) == (None, [])
    # 90 and 70, so that what is above 100 is a bonus: 82.5 becomes 117, 67.5 becomes 123
    assert maths["grading_data"]["letters_changed"] == 1
    assert art["grading_data"]["category_name"] == "Quizzes"
    assert art["grading_data"]["changed"] == ["weight", "drop_lowest"]
