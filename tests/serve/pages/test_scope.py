"""No page, card, choice, report or log shows anything of what is not its reader's."""

import io
import re
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from serve.auth.test_scope import FOREIGN, NOBODYS
from serve.conftest import API, Client

PAGES = {
    "section": ["/sections/{}", "/sections/{}?sort=average", "/students?section_id={}"],
    "subject": ["/subjects/{}", "/students?subject_id={}", "/students?subject_id={}&q=a"],
    "student": ["/?student={}", "/sections?student={}", "/students/{}/card"],
    "term": ["/?term={}", "/sections?term={}", "/subjects?term={}", "/students?term={}"],
}
REPORTS = {
    "section": ["section_id={}", "report=section&section_id={}&format=pdf"],
    "subject": ["subject_id={}", "report=subject&subject_id={}&format=xlsx"],
    "student": ["student_id={}", "report=student&student_id={}&format=pdf"],
    "term": ["term={}", "report=overview&term={}"],
}
# Every name says whose it is: of Ann (educator 1) alone, of Bob (2), of the other school.
NAMES = """
update sections set name = case id
    when 1 then 'OfAnnRoom' when 2 then 'OfBobRoom' when 3 then 'OfSueRoom' else 'OfAnnOldRoom' end;
update students set first_name = case
    when id = 1 then 'Shared' when id < 20 then 'OfAnn' when id = 20 then 'OfBob' else 'OfSue' end;
update exams set name = case section_id
    when 2 then 'OfBobExam' when 3 then 'OfSueExam' else 'OfAnnExam' end;
update subjects set name = case id
    when 1 then 'Maths' when 2 then 'OfAnnHistory' when 3 then 'OfSueMaths' else 'OfHeadArt' end;
update terms set name = 'OfSueTerm' where id = 3;
update schools set name = 'OfSueSchool' where id = 2;
update grades set remarks = case section_id
    when 2 then 'OfBobRemark' when 3 then 'OfSueRemark' else 'OfAnnRemark' end;
update grades set score = score - 1 where score is not null;
update attendance set status = 'late', remarks = case section_id
    when 1 then 'OfAnnNote' when 3 then 'OfSueNote' end where section_id is not null;
update attendance set status = 'present' where section_id is null;
insert into attendance (student_id, section_id, date, status, remarks)
values (1, 2, current_date, 'late', 'OfBobNote');
insert into exams (id, section_id, subject_id, name, exam_date, total_marks)
select 100 + id, id, case id when 3 then 3 else 1 end, 'Of' || case id
    when 2 then 'Bob' when 3 then 'Sue' else 'Ann' end || 'Next', current_date, 10 from sections;
"""
FORBIDDEN = {
    1: ("OfBob", "OfSue", "OfHead"),
    2: ("OfAnn", "OfSue", "OfHead"),
    3: ("OfSue",),
    6: ("OfAnn", "OfBob", "Shared", "OfHead"),
    7: ("OfAnn", "OfBob", "OfSue", "Shared", "OfHead"),
}
# Read by everybody: what it refuses may name nothing of it either.
EVERYWHERE = [
    "/",
    "/find?q=of",
    "/find/found?q=of",
    "/find/found?q=shared",
    "/?term=1",
    "/sections",
    "/sections?term=2",
    "/subjects",
    "/students",
    "/students?sort=section&q=of",
    "/students?subject_id=1",
    *(f"/sections/{n}" for n in (1, 2, 3, 4)),
    *(f"/subjects/{n}" for n in (1, 2, 3, 4)),
    *(f"/students/{n}/card" for n in (1, 2, 20, 30)),
    "/?student=1",
    f"{API}/events?limit=500",
    f"{API}/student/1",
    f"{API}/exams",
    f"{API}/terms",
    "/api/v1/disclosures",
    *(
        f"{API}/reports/download?{query}&format={form}"
        for query in ("report=overview", "subject_id=1", "student_id=1", "section_id=1")
        for form in ("csv", "xlsx", "pdf")
    ),
]


@pytest.mark.parametrize("educator", FOREIGN)
async def test_what_is_not_theirs_is_the_page_of_what_does_not_exist(
    reader: Client, educator: int
) -> None:
    async def body(address: str) -> tuple[int, str]:
        answer = await reader.http.get(address, headers=reader.as_(educator))
        # the way back is the reader's own
        return answer.status_code, answer.text

    reports = {
        noun: [f"{API}/reports/download?{query}" for query in queries]
        for noun, queries in REPORTS.items()
    }
    for noun, foreign in FOREIGN[educator].items():
        for address in [*PAGES.get(noun, ()), *reports.get(noun, ())]:
            missing = await body(address.format(999))
            assert missing[0] == 404, address
            for id_ in foreign:
                assert await body(address.format(id_)) == missing, (address, id_)


@pytest.mark.parametrize("number", NOBODYS)
async def test_a_number_of_nobody_is_no_failure(reader: Client, number: int) -> None:
    for addresses in PAGES.values():
        for address in addresses:
            answer = await reader.http.get(address.format(number), headers=reader.as_(4))
            assert answer.status_code in (400, 404), (address, answer.text)


async def test_who_was_deactivated_reads_nothing(client: Client, tool: Any) -> None:
    for address in ("/", "/students/1/card", "/sections/1", "/students?student=1"):
        answer = await client.http.get(address, headers=client.as_(5))
        assert (answer.status_code, answer.text) == (303, "")
    for address in ("/api/v1/disclosures", f"{API}/reports/download", f"{API}/overview"):
        assert (await client.http.get(address, headers=client.as_(5))).status_code == 401
    await tool.execute("update educators set is_active = false where id = 4")
    assert (await client.http.get("/api/v1/disclosures", headers=client.as_(4))).status_code == 401


async def test_no_answer_names_what_is_not_its_readers(client: Client, tool: Any) -> None:
    await tool.execute(NAMES)
    await tool.execute("call performance_wait(timeout => '20 s')")
    for form in ("csv", "pdf"):  # reports on everything, of which the log tells each their part
        for query in ("report=overview", "section_id=3&section_id=1&q=of", "student_id=30"):
            address = f"{API}/reports/download?{query}&format={form}"
            assert (await client.http.get(address, headers=client.as_(4))).status_code == 200
    shown = set()
    for educator, forbidden in FORBIDDEN.items():
        for address in EVERYWHERE:
            answer = await client.http.get(address, headers=client.as_(educator))
            assert answer.status_code in (200, 403, 404), (address, answer.text)
            text = words_of(answer.content, answer.headers["content-type"])
            found = [name for name in forbidden if name in text]
            assert not found, (educator, address, found)
            shown |= set(re.findall("Of(?:Ann|Bob|Sue|Head)[A-Z][a-z]+|Shared", text))
    # were none of them shown to anybody, the test would prove nothing
    assert {"OfAnnRoom", "OfBobRoom", "OfSueRoom", "OfAnnExam", "OfBobExam", "Shared"} <= shown
    assert {"OfAnnRemark", "OfBobNote", "OfAnnHistory", "OfHeadArt"} <= shown


def words_of(content: bytes, media_type: str) -> str:
    if media_type == "application/pdf":
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    if "spreadsheet" in media_type:
        book = openpyxl.load_workbook(io.BytesIO(content))
        return "\n".join(
            str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row
        )
    return content.decode()
