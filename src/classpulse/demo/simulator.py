"""A school at work, written by plain SQL: marks, registers, corrections, exams.

Everything is drawn around the hidden truth of :mod:`classpulse.demo.model`, and what it adds is
bounded, so that after days of it the school still looks like one.
"""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import asyncpg

from classpulse.demo.model import presence, result
from classpulse.demo.term import school_day
from classpulse.sql import queries

_SQL = queries("simulate")
_NEW_EXAMS = (("Pop quiz", 10), ("Exit ticket", 10), ("Lab report", 30), ("Problem set", 40))
#: Exams of its own that it leaves in a section before it withdraws the oldest.
_EXAMS_KEPT = 24
#: How far a correction moves a score: teachers add up wrongly, they don't mark again.
_CORRECTION = Decimal("0.08")


class Simulator:
    """Writes one realistic change at a time through the connection that it is given."""

    def __init__(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        *,
        school: str | None,
        draw: random.Random,
    ) -> None:
        """``school`` is the external id of the only school to write into; ``None``: any."""
        self._connection = connection
        self._school = school
        self._draw = draw
        self._grading: int | None = None

    async def write(self) -> str | None:
        """Make one change and say what it was; ``None`` where there is no school to work in."""
        first = self._draw.choices(
            (self._grade, self._take_register, self._correct_grade, self._arrange_exam),
            weights=(45, 27, 25, 3),
        )[0]
        rest = [self._take_register, self._correct_attendance, self._correct_grade, self._set_exam]
        for change in (first, *rest):
            if done := await self._somewhere(change):
                return done
        return None

    async def _somewhere(self, change: Callable[[int, date], Awaitable[str | None]]) -> str | None:
        section = self._grading if change == self._grade else None
        if section is None:
            found = await self._connection.fetchrow(_SQL["a_section"], self._school)
            if found is None:
                return None
            section = found["id"]
        return await change(section, _today())

    async def _grade(self, section: int, today: date) -> str | None:
        """Student by student, until the section has nothing left to mark."""
        todo = await self._connection.fetchrow(_SQL["next_to_grade"], section, today)
        if todo is None:
            self._grading = None
            return await self._set_exam(section, today)
        self._grading = section
        made = result(
            self._draw, todo["student_id"], todo["subject_id"], todo["exam_id"], todo["total_marks"]
        )
        if made.status == "pending":
            # put back on the pile; the marker takes up another class first
            self._grading = None
            return None
        await self._connection.execute(
            _SQL["grade"], todo["student_id"], todo["exam_id"], made.score, made.status, today
        )
        shown = made.status if made.score is None else f"{made.score}/{todo['total_marks']}"
        return f"grade: {todo['student_name']}, {todo['exam_name']}: {shown}"

    async def _correct_grade(self, section: int, today: date) -> str | None:
        for grade in await self._connection.fetch(_SQL["grades_to_correct"], section):
            made = result(
                self._draw,
                grade["student_id"],
                grade["subject_id"],
                grade["exam_id"],
                grade["total_marks"],
            )
            if made.status not in ("graded", "missing"):
                continue
            score = made.score
            if score is not None and grade["status"] == "graded":
                score = _nudged(grade["score"], score, grade["total_marks"])
            if (score, made.status) == (grade["score"], grade["status"]):
                continue
            await self._connection.execute(_SQL["correct_grade"], grade["id"], score, made.status)
            before, after = (
                f"{value:f}" if value is not None else "missing"
                for value in (grade["score"], score)
            )
            return f"correction: {grade['student_name']}, {grade['exam_name']}: {before} → {after}"
        return None

    async def _take_register(self, section: int, today: date) -> str | None:
        """The next one on the register of the day; once it is complete, a correction."""
        student = await self._connection.fetchrow(_SQL["next_on_the_register"], section, today)
        if student is None:
            return await self._correct_attendance(section, today)
        status = presence(self._draw, student["id"], today.weekday())
        await self._connection.execute(
            _SQL["enter_attendance"], student["id"], section, today, status
        )
        return f"attendance: {student['student_name']}, {today}: {status}"

    async def _correct_attendance(self, section: int, today: date) -> str | None:
        for entry in await self._connection.fetch(_SQL["attendance_to_correct"], section, today):
            # drawn again, kept where it is the same: so the share of each status stays what it was
            status = presence(self._draw, entry["student_id"], entry["date"].weekday())
            if status == entry["status"]:
                continue
            await self._connection.execute(_SQL["correct_attendance"], entry["id"], status)
            change = f"{entry['status']} → {status}"
            return f"attendance: {entry['student_name']}, {entry['date']}: {change}"
        return None

    async def _set_exam(self, section: int, today: date) -> str | None:
        """An exam taken today, unless the section had one within the half hour."""
        own = await self._connection.fetchrow(_SQL["simulated_exams"], section)
        if own is None or own["lately"]:
            return None
        if own["exams"] >= _EXAMS_KEPT:
            await self._connection.execute(_SQL["withdraw_exam"], own["oldest_id"])
            return f"exam withdrawn: {own['oldest_name']}"
        subject = await self._connection.fetchrow(_SQL["a_subject"], section)
        if subject is None:
            return None
        kind, total = self._draw.choice(_NEW_EXAMS)
        name = f"{kind} {subject['name']}"
        await self._connection.execute(
            _SQL["set_exam"], section, subject["id"], name, today, Decimal(total)
        )
        return f"exam: {name}, {today}"

    async def _arrange_exam(self, section: int, today: date) -> str | None:
        """A new date for an exam that is weeks away; a near one stays, so that it does come."""
        exam = await self._connection.fetchrow(_SQL["an_exam_far_off"], section, today)
        if exam is None:
            return await self._set_exam(section, today)
        day = exam["exam_date"] + timedelta(days=self._draw.choice((-2, -1, 1, 2)))
        if day.weekday() > 4:
            return None
        await self._connection.execute(_SQL["move_exam"], exam["id"], day)
        return f"exam moved: {exam['name']}: {exam['exam_date']} → {day}"


def _today() -> date:
    return school_day(datetime.now(UTC).date())


def _nudged(old: Decimal, new: Decimal, total_marks: Decimal) -> Decimal:
    most = max(Decimal(1), total_marks * _CORRECTION // 1)
    return max(old - most, min(old + most, new))
