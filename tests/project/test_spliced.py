"""Figures go into the events as the database wrote them: not a byte of an event tells so."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from classpulse.project.event_row import EventRow
from classpulse.project.figures import Figure
from classpulse.project.leader import leader_session
from project.batches import SCHOOL, Log

#: what JSON escapes, what it need not, and what is cut
NAMES = [
    'Ünï "q" \\ / \'',
    "\x01\x08\x09\x0a\x0c\x0d\x1b\x1f\x7f\u2028\u2029",
    "😀 <b>&amp;</b>",
    "x" * 700,
    " 日本語 ",
]
SCORES = ["0", "0.00", "85", "85.50", "120", "59.99499999999999999999999999", "0.000100"]
CHANGES = [
    "insert into grades (student_id, exam_id, score) select n, 1, n * 9.5 from"
    " generate_series(1, 10) as n",
    "update grades set total_marks = 33.50 where student_id < 4",
    "update grades set total_marks = 0 where student_id = 4",
    "update grades set status = 'missing', score = null where student_id = 5",
    "update grades set subject_id = 2, exam_id = null where student_id = 6",
    "update grades set remarks = E'a\\tremark \"so\"' where student_id = 7",
    "update exams set total_marks = 12.50, exam_date = '2026-01-05' where id = 1",
    "insert into attendance (student_id, section_id, date, status)"
    " values (1, 1, '2026-01-05', 'late')",
    "insert into attendance (student_id, date, status) values (2, '2026-01-05', 'absent')",
    "update enrollments set roll_number = 7 where student_id = 1",
    "update students set is_active = false where id = 3",
    "delete from grades where student_id = 8",
    "delete from exams where id = 2",
    "insert into grades (student_id, section_id, subject_id, score)"
    " select 1 + n % 10, 2, 1, n % 100 from generate_series(1, 510) as n",
]
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


@pytest.mark.reliability("every figure against brute force")
async def test_an_event_is_what_an_encoder_of_its_figures_would_write(
    database_url: str, connection: Any
) -> None:
    await connection.execute(SCHOOL)
    for number, name in enumerate(NAMES, 1):
        await connection.execute(
            "update students set first_name = $2, last_name = $2 where id = $1", number, name
        )
    await connection.execute("update sections set name = $1", NAMES[0])
    await connection.execute("update subjects set name = $1", NAMES[1])
    await connection.execute("update exams set name = $1", NAMES[2])
    kinds = set()
    async with leader_session(database_url) as session:
        log = Log(session)
        for change in CHANGES:
            await connection.execute(change)
            for event in await log.fold():
                kinds.add(event["type"])
                for text in (event["row"]["payload"], event["row"]["parts"]):
                    if text is not None:
                        assert _encode(_decode(text)).decode() == text
        for score in SCORES:
            await connection.execute(
                "insert into grades (student_id, section_id, subject_id, score)"
                " values (9, 1, 1, $1)",
                Decimal(score),
            )
            (event,) = await log.fold()
            assert _encode(_decode(event["row"]["payload"])).decode() == event["row"]["payload"]
    assert kinds >= {"grade_update", "attendance_update", "roster_update", "bulk_update"}


def test_a_figure_loses_its_spaces_and_keeps_its_digits() -> None:
    figure = Figure('{"a" : 1.10, "b": [ {"c" :  "x : y"}, \n null], "d": 12345678901234567890123}')
    assert bytes(figure.text) == b'{"a":1.10,"b":[{"c":"x : y"},null],"d":12345678901234567890123}'
    assert bytes(figure["a"]) == b"1.10"


def test_only_figures_are_spliced() -> None:
    entry = EventRow(datetime.now(UTC), "a", "b", {"what": object()})
    with pytest.raises(NotImplementedError, match="object"):
        entry.numbered("epoch", 1)
