"""What an average is made of."""

from fractions import Fraction
from typing import Any

from classpulse import prove
from serve.conftest import Client
from serve.gradebook import keep_gradebook, settle

PROOF = "/student/1/proof?section_id=1&subject_id=1"


async def test_a_proof_holds_all_that_the_average_is_made_of(client: Client, tool: Any) -> None:
    await keep_gradebook(tool)
    await tool.execute("update grade_categories set drop_lowest = 1 where id = 1")
    await settle(tool)
    proof = await client.read(PROOF)
    assert [
        (one["category_id"], one["weight"], one["drop_lowest"]) for one in proof["categories"]
    ] == [
        (2, 50, 0),
        (1, 20, 1),
    ]
    # 4/10, 15/20 and 60/100: without the last 19/30, without the first 75/120
    result = proof["result"]
    quizzes = next(one for one in result["categories"] if one["category_id"] == 1)
    assert Fraction(quizzes["fraction"]) == Fraction(190, 3)
    assert (quizzes["percentage"], quizzes["dropped"]) == (63.33, [1003])
    # 35 of 100 and 50 of 50: 85 of 150
    average = (20 * Fraction(190, 3) + 50 * Fraction(170, 3)) / 70
    assert Fraction(result["average_fraction"]) == average
    assert result["average"] == round(float(average), 2)
    rows = {row["grade_id"]: row for row in proof["rows"]}
    assert (rows[1003]["counts"], rows[1003]["why_not"]) == (False, "dropped")
    assert (rows[1001]["counts"], rows[1001]["why_not"]) == (True, None)
    assert proof["rounding"] == "half up to 2 places"
    assert proof["policy"]["source"] == "default"
    assert proof["policy"]["pass_mark"] == 60
    assert proof["policy"]["letters"][0] == {"letter": "A+", "min": 95}
    shown = await client.read("/student/1")
    maths = next(s for s in shown["subject_grades"] if (s["section_id"], s["subject_id"]) == (1, 1))
    assert maths["percentage"] == result["average"]
    assert proof["as_of"]
    text = (await client.get(PROOF)).text
    assert prove.differences(prove.read(text)) == []
    assert prove.differences(prove.read(text.replace('"percentage":63.33', '"percentage":63.34')))


async def test_an_override_stands_beside_the_computed_figure(client: Client, tool: Any) -> None:
    await tool.execute(
        "insert into grade_overrides (student_id, section_id, subject_id, letter, reason, set_by)"
        " values (1, 1, 1, 'A', 'O''Brien</script> asked', 'Head')"
    )
    await settle(tool)
    proof = await client.read(PROOF)
    assert proof["override"] == {
        "average": None,
        "letter": "A",
        "reason": "O'Brien</script> asked",
        "set_by": "Head",
    }
    # 35 of 100 and 50 of 50
    assert (proof["result"]["average"], proof["result"]["letter"]) == (56.67, "A")
    assert (proof["result"]["passed"], proof["result"]["overridden"]) == (True, True)
    assert prove.differences(prove.read((await client.get(PROOF)).text)) == []
    maths = next(
        s
        for s in (await client.read("/student/1"))["subject_grades"]
        if (s["section_id"], s["subject_id"]) == (1, 1)
    )
    assert (maths["percentage"], maths["grade_letter"], maths["is_passed"]) == (56.67, "A", True)
    assert (maths["override_letter"], maths["overridden"]) == ("A", True)
    await tool.execute("delete from grade_overrides")
    await settle(tool)
    result = (await client.read(PROOF))["result"]
    assert (result["letter"], result["passed"], result["overridden"]) == ("F", False, False)


async def test_a_proof_is_of_what_is_theirs_and_graded(reader: Client) -> None:
    for path in (
        "/student/20/proof?section_id=2&subject_id=1",
        "/student/1/proof?section_id=2&subject_id=1",
        "/student/1/proof?section_id=1&subject_id=3",
        "/student/999/proof?section_id=1&subject_id=1",
    ):
        response = await reader.get(path)
        assert response.status_code == 404, path
    assert (await reader.get("/student/1/proof?section_id=1")).status_code == 400
    nothing = await reader.read("/student/12/proof?section_id=1&subject_id=1")
    assert (nothing["rows"], nothing["result"]["average"]) == ([], None)


async def test_each_grade_says_what_it_is_and_whether_it_counts(client: Client, tool: Any) -> None:
    await keep_gradebook(tool)
    await tool.execute("update exams set counts = false where id = 103")
    await settle(tool)
    student = await client.read("/student/1")
    maths = next(
        s for s in student["subject_grades"] if (s["section_id"], s["subject_id"]) == (1, 1)
    )
    grades = {grade["id"]: grade for grade in maths["grades"]}
    # handed in a day after it was due
    assert grades[1001]["is_late"] is True
    assert grades[1001]["due_on"] == "2026-10-02"
    assert grades[1001]["submitted_at"] == "2026-10-03T09:00:00Z"
    assert grades[1001]["category_id"] == 1
    assert grades[1002]["is_late"] is None
    assert (grades[1003]["counts"], grades[1003]["why_not"]) == (False, "item does not count")
    assert [(c["category_id"], c["name"], c["weight"]) for c in maths["categories"]] == [
        (2, "Exams", 50),
        (1, "Quizzes", 20),
    ]
    # 4 of 10 and 15 of 20
    assert maths["categories"][1]["percentage"] == 63.33
    assert maths["uncounted_count"] == 0
    # the other subject sets no rule
    history = [s for s in student["subject_grades"] if s["subject_id"] == 2]
    assert all(s["categories"] == [] for s in history)
