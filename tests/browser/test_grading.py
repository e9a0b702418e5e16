"""A teacher drops a quiz after seeing what that does, and reads why an average is what it is."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect
from processes import Server

from .conftest import HOSTILE
from .test_overview import folded_in
from .test_views import live

pytestmark = pytest.mark.browser


async def weigh(connection: Any, section: int) -> dict[str, int]:
    """Quizzes of 20 % and exams of 80 % in Mathematics, with hostile names."""
    place = await connection.fetchrow(
        "select section.school_id, exam.subject_id, exam.id as exam_id"
        " from sections as section join exams as exam on exam.section_id = section.id"
        " where section.id = $1 limit 1",
        section,
    )
    quizzes, exams = [
        await connection.fetchval(
            "insert into grade_categories (school_id, section_id, subject_id, name, weight)"
            " values ($1, $2, $3, $4, $5) returning id",
            *(place["school_id"], section, place["subject_id"], name, weight),
        )
        for name, weight in ((HOSTILE["markup"], 20), ("Exams", 80))
    ]
    await connection.execute(
        "update exams set category_id = $1 where subject_id = $2", exams, place["subject_id"]
    )
    for number, name in enumerate((HOSTILE["formula"], "Quiz 2"), 1):
        quiz = await connection.fetchval(
            "insert into exams (section_id, subject_id, name, total_marks, category_id, exam_date)"
            " values ($1, $2, $3, 10, $4, current_date - $5::integer) returning id",
            *(section, place["subject_id"], name, quizzes, 10 - number),
        )
        await connection.execute(
            "insert into grades (student_id, exam_id, score)"
            " select student_id, $1, 4 * $2 from enrollments where section_id = $3",
            *(quiz, number, section),
        )
    await folded_in(connection)
    return {"subject": place["subject_id"], "quizzes": quizzes}


async def answered(page: Page, act: str) -> None:
    async with page.expect_response(lambda got: "/performance/grading" in got.url):
        await page.get_by_role("button", name=act).click()


async def test_a_quiz_is_dropped_after_its_preview(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    place = await weigh(connection, school)
    page = await live(
        context, server, f"/grading?section_id={school}&subject_id={place['subject']}"
    )
    save = page.get_by_role("button", name="Save")
    await expect(save).to_be_disabled()
    lowest = page.get_by_label(f"Lowest dropped in {HOSTILE['markup']}")
    await lowest.fill("1")
    await expect(save).to_be_enabled()
    await answered(page, "Preview")
    preview = page.get_by_role("region", name="What this would change")
    await expect(preview).to_contain_text("Of 5 students: 5 averages")
    await expect(preview).to_be_focused()
    # nothing is written, and the average moves from 4 and 8 of 10 (60 %) to 8 of 10
    assert await connection.fetchval("select max(drop_lowest) from grade_categories") == 0
    row = preview.get_by_role("row").filter(has=page.get_by_text(HOSTILE["emoji"], exact=True))
    average = await connection.fetchval(
        "select average from student_performance_summaries join students on id = student_id"
        " where first_name = $1",
        HOSTILE["emoji"],
    )
    await expect(row).to_contain_text(f"{average}%")
    await expect(row).to_contain_text(f"{average + 4}%")
    assert await page.evaluate("window.broken") is None

    await answered(page, "Save")
    await expect(page.get_by_label(f"Lowest dropped in {HOSTILE['markup']}")).to_have_value("1")
    await folded_in(connection)
    after = await connection.fetchval(
        "select average from student_performance_summaries join students on id = student_id"
        " where first_name = $1",
        HOSTILE["emoji"],
    )
    assert after == average + 4


async def test_the_second_of_two_editors_is_told(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    place = await weigh(connection, school)
    page = await live(
        context, server, f"/grading?section_id={school}&subject_id={place['subject']}"
    )
    await page.get_by_label("Quiz 2 counts").uncheck()
    # somebody else changes the same item; the page hears of it, and keeps what was typed
    await connection.execute("update exams set extra_credit = true where name = 'Quiz 2'")
    await folded_in(connection)
    await answered(page, "Save")
    await expect(page.get_by_role("status").filter(has_text="Somebody else")).to_be_visible()
    assert await connection.fetchval("select counts from exams where name = 'Quiz 2'")


async def test_why_an_average_is_what_it_is_by_the_keyboard(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    place = await weigh(connection, school)
    await connection.execute(
        "update grade_categories set drop_lowest = 1 where id = $1", place["quizzes"]
    )
    await folded_in(connection)
    student = await connection.fetchval(
        "select id from students where first_name = $1", HOSTILE["emoji"]
    )
    page = await live(context, server, f"/students?student={student}")
    card = page.get_by_role("dialog")
    why = card.locator("summary", has_text="Why ")
    await why.focus()
    await page.keyboard.press("Enter")
    categories = card.get_by_role("table", name="Categories in Mathematics")
    await expect(categories).to_be_visible()
    await expect(categories.get_by_role("row").filter(has_text="Exams")).to_contain_text("80 %")
    # 8 of 10, and 80 of 100 in the exam
    await expect(card).to_contain_text("÷ 100 = 80.00%")
    await expect(card).to_contain_text("Dropped, as the category says: =1+1 (4 of 10)")
    await card.locator("summary", has_text="graded").first.click()
    grades = card.get_by_role("table", name="Grades in Mathematics")
    await expect(grades.get_by_role("row").filter(has_text="=1+1")).to_contain_text("no, dropped")
    assert await page.evaluate("window.broken") is None


@pytest.mark.parametrize("width", [360, 320])
async def test_grading_fits_a_narrow_screen(
    context: BrowserContext, server: Server, connection: Any, school: int, width: int
) -> None:
    place = await weigh(connection, school)
    page = await live(
        context, server, f"/grading?section_id={school}&subject_id={place['subject']}"
    )
    await page.set_viewport_size({"width": width, "height": 740})
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.goto(f"{server.url}/grading")
    await expect(page.get_by_role("link", name="Class 10-A, Mathematics")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
