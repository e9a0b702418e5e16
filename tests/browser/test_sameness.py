"""After any change in the database an open page becomes what a fresh one is."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect
from processes import Server

from .conftest import signed_in
from .test_overview import folded_in

pytestmark = pytest.mark.browser
#: Seconds: a structure change is asked about within 2 s, a page at most every 3 s; the rest is what
#: eight pages of one browser need.
SOON = 12.0

# Everything that a reader sees, hears or follows, a line for each; without the time of the figures,
# and without what is a page's own (its notices, what the list of events counts).
SEEN = """(root) => {
  const left_out = '[data-own], template, [data-record="as-of"], .card-foot, [hidden]';
  const lines = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.nodeValue.replace(/\\s+/g, " ").trim();
      if (text) lines.push(text);
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches(left_out)) return;
    for (const name of ["href", "aria-sort", "aria-label", "title", "width", "height", "d"]) {
      if (node.hasAttribute(name)) lines.push(`${name}=${node.getAttribute(name)}`);
    }
    if (node.matches("input, select")) lines.push(`${node.name}=${node.value}`);
    node.childNodes.forEach(walk);
  };
  walk(root);
  return lines;
}"""

CHANGES = {
    "a grade": "update grades set score = 91 where id = (select min(id) from grades)",
    "a grade goes missing": "update grades set status = 'missing', score = null"
    " where id = (select min(id) from grades)",
    "a grade goes": "delete from grades where id = (select min(id) from grades)",
    "a remark": "update grades set remarks = 'well done' where id = (select max(id) from grades)",
    "a day of attendance": "insert into attendance (student_id, section_id, date, status)"
    " select student_id, section_id, '2025-10-21', 'absent' from enrollments limit 3",
    "a whole day": "insert into attendance (student_id, date, status)"
    " select max(student_id), '2025-10-22', 'late' from enrollments",
    "a corrected day": "update attendance set status = 'excused' where status = 'absent'",
    "a new exam": "insert into exams (section_id, subject_id, name, exam_date)"
    " select section_id, subject_id, 'Quiz', '2025-10-23' from exams limit 1",
    "an exam's name": "update exams set name = 'Quiz 1' where name = 'Quiz'",
    "an exam's marks": "update exams set total_marks = 120 where name = 'Mid-term'",
    "a first exam of a subject": "insert into exams (section_id, subject_id, name)"
    " select min(id), (select id from subjects where code = 'PHY'), 'Lab' from sections",
    "a subject in one more section": "insert into exams (section_id, subject_id, name)"
    " select max(id), (select id from subjects where code = 'MATH'), 'Entry' from sections",
    "its first grade": "insert into grades (student_id, exam_id, score)"
    " select student_id, exams.id, 77 from exams"
    " join enrollments using (section_id) where exams.name = 'Entry'",
    "an exam goes": "delete from exams where name = 'Quiz 1'",
    "a student joins": "insert into enrollments (student_id, section_id, roll_number)"
    " select students.id, (select min(id) from sections), 9 from students"
    " where first_name = 'Waiting'",
    "a student's name": "update students set last_name = 'O''Hara' where first_name = 'Waiting'",
    "a last name that sorts elsewhere": "update students set last_name = 'Öberg'"
    " where student_number = 'S0'",
    "a school's language": "update schools set locale = 'sv'",
    "a school's order of names": "update schools set name_order = 'first_last'",
    "a student moves": "update enrollments set section_id = (select max(id) from sections)"
    " where roll_number = 9",
    "a roll number": "update enrollments set roll_number = 4 where roll_number = 9",
    "a student leaves": "delete from enrollments where roll_number = 4",
    "a student is no longer active": "update students set is_active = false"
    " where id = (select student_id from enrollments where section_id ="
    " (select max(id) from sections) order by student_id desc limit 1)",
    "a thousand rows": "insert into attendance (student_id, section_id, date, status)"
    " select student_id, section_id, date '2024-01-01' + day, 'present'"
    " from enrollments, generate_series(1, 200) as day",
    "other pass marks": "update grading_policies set pass_mark = 75",
    "other letters": """update grading_policies set letter_scale = '{"High": 80, "Low": 0}'""",
    "a section's name": "update sections set name = 'Class 10-B' where name = 'Class 10-A'",
    "a subject's name": "update subjects set name = 'Maths', code = 'MAT' where code = 'MATH'",
    "a term's name": "update terms set name = 'Autumn'",
    "a section in a term": "update sections set term_id = (select id from terms)"
    " where name = 'Class 10-B'",
    "a new section": "with made as (insert into sections (school_id, name)"
    " select id, 'Class 12' from schools"
    " returning id) insert into section_educators"
    " select made.id, educators.id from made, educators",
    "a grade in another section": "update exams set section_id ="
    " (select max(section_id) from enrollments) where name = 'Mid-term'",
    "a section goes": "delete from section_educators using sections"
    " where sections.id = section_id and sections.name = 'Class 12'",
    "no grades at all": "truncate grades",
}


async def second_section(connection: Any) -> int:
    """A section more, with two of the students and one who is in none yet; its id."""
    await connection.execute(
        "insert into subjects (school_id, code, name) select id, 'PHY', 'Physics' from schools;"
        "insert into terms (school_id, name, starts_on, ends_on)"
        " select id, 'Term 1', '2020-01-01', '2090-01-01' from schools;"
        "insert into sections (school_id, name) select id, 'Class 11' from schools;"
        "insert into section_educators"
        " select sections.id, educators.id from sections, educators where name = 'Class 11';"
        "insert into enrollments (student_id, section_id, roll_number)"
        " select students.id, sections.id, students.id from students, sections"
        " where sections.name = 'Class 11' order by students.id desc limit 2;"
        "insert into students (school_id, first_name) select id, 'Waiting' from schools"
    )
    return int(await connection.fetchval("select max(id) from sections"))


async def seen(page: Page) -> list[str]:
    """What a page shows, and the card over it if there is one."""
    lines: list[str] = []
    for root in ("main", "dialog[open]"):
        if await page.locator(root).count():
            lines += await page.locator(root).evaluate(SEEN)
    return lines


async def opened(context: BrowserContext, address: str) -> Page:
    page = await context.new_page()
    await page.goto(address)
    await expect(page.locator("#indicator")).to_contain_text("Live Data", timeout=15_000)
    return page


async def difference(page: Page, fresh: Page, seconds: float) -> list[str]:
    """What the page shows other than a fresh one, once that is all or time is up."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        await page.bring_to_front()
        now, wanted = await seen(page), await seen(fresh)
        if now == wanted:
            return []
        if asyncio.get_running_loop().time() > until:
            return [f"-{line}" for line in wanted if line not in now] + [
                f"+{line}" for line in now if line not in wanted
            ] or ["another order"]
        await asyncio.sleep(0.25)


async def test_after_any_change_an_open_page_becomes_what_a_fresh_one_is(
    context: BrowserContext, server: Server, connection: Any, school: int
) -> None:
    second = await second_section(connection)
    await folded_in(connection)
    student = await connection.fetchval("select min(student_id) from enrollments")
    subject = await connection.fetchval("select id from subjects where code = 'MATH'")
    await signed_in(context, server)
    addresses = {
        "overview": "/",
        "sections": "/sections",
        "section": f"/sections/{school}",
        "other section": f"/sections/{second}",
        "subjects": "/subjects",
        "subject": f"/subjects/{subject}",
        "students": "/students?sort=average&order=desc",
        "card": f"/sections?student={student}",
    }
    pages = {
        name: await opened(context, server.url + address) for name, address in addresses.items()
    }
    fresh = await context.new_page()
    faults = []
    for change, sql in CHANGES.items():
        await connection.execute(sql)
        await folded_in(connection)
        for name, page in pages.items():
            await fresh.goto(server.url + addresses[name])
            for line in await difference(page, fresh, SOON):
                faults.append(f"{change}, {name}: {line}")
                print(faults[-1], flush=True)
    assert faults == []
