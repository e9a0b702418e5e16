"""What a figure does not know, and who is chronically absent, by brute force."""

from datetime import date
from typing import Any

Rows = list[dict[str, Any]]
Pair = tuple[int, int]


class Coverage:
    """Of the base tables as they are, ``today`` by the id of a school."""

    def __init__(self, base: dict[str, Rows], today: dict[int, date], live: list[Pair]) -> None:
        self._base = base
        self._live = live
        self._sections = {row["id"]: row for row in base["sections"]}
        self._terms = {row["id"]: row for row in base["terms"]}
        self._enrollments = {(r["student_id"], r["section_id"]): r for r in base["enrollments"]}
        self._today = today
        self._marks = {
            (row["student_id"], row["exam_id"])
            for row in base["grades"]
            if row["exam_id"] is not None and row["status"] in ("graded", "missing", "excused")
        }

    def has_calendar(self, section: int) -> bool:
        school = self._sections[section]["school_id"]
        return any(row["school_id"] == school for row in self._base["school_days"])

    def of(self, section: int, subject: int | None, uncounted: int) -> dict[str, Any]:
        """A section's, or (``subject``) that of one of its subjects."""
        due = self._due(section, subject)
        roster = [student for student, of in self._live if of == section]
        marked = [exam for exam in due if all((student, exam) in self._marks for student in roster)]
        return self._answer(len(due), len(marked), self._registers(section, None), uncounted)

    def of_standing(self, pair: Pair, uncounted: int) -> dict[str, Any]:
        due = self._due(pair[1], None)
        marked = [exam for exam in due if (pair[0], exam) in self._marks]
        return self._answer(len(due), len(marked), self._registers(pair[1], pair), uncounted)

    def chronically_absent(self, pair: Pair) -> bool:
        """By the calendar."""
        days = self._school_days(pair[1], pair)
        return len(days) >= 10 and len(days & self._absent_days(pair)) * 10 >= len(days)

    def _due(self, section: int, subject: int | None) -> list[int]:
        today = self._today[self._sections[section]["school_id"]]
        found = []
        for exam in self._base["exams"]:
            day = exam["due_on"] or exam["exam_date"]
            if exam["section_id"] == section and subject in (None, exam["subject_id"]):
                found += [exam["id"]] if day is not None and day <= today else []
        return found

    def _school_days(self, section: int, pair: Pair | None) -> set[date]:
        of_section = self._sections[section]
        bounds = [self._terms[of_section["term_id"]]] if of_section["term_id"] is not None else []
        if pair is not None:
            bounds.append(self._enrollments[pair])
        return {
            row["date"]
            for row in self._base["school_days"]
            if row["school_id"] == of_section["school_id"]
            and row["kind"] in ("school", "half")
            and row["date"] <= self._today[of_section["school_id"]]
            and all(
                (bound["starts_on"] or date.min) <= row["date"] <= (bound["ends_on"] or date.max)
                for bound in bounds
            )
        }

    def _taken(self, section: int) -> set[date]:
        return {
            row["date"]
            for row in self._base["attendance"]
            if row["section_id"] == section
            or (row["section_id"] is None and (row["student_id"], section) in self._live)
        }

    def _registers(self, section: int, pair: Pair | None) -> tuple[int | None, int]:
        taken = self._taken(section)
        if not self.has_calendar(section):
            return None, len(taken)
        days = self._school_days(section, pair)
        return len(days), len(days & taken)

    def _absent_days(self, pair: Pair) -> set[date]:
        by_day: dict[date, list[bool]] = {}
        for row in self._base["attendance"]:
            if row["student_id"] == pair[0] and row["section_id"] in (None, pair[1]):
                away = row["status"] in ("absent", "excused")
                by_day.setdefault(row["date"], []).append(away)
        return {day for day, away in by_day.items() if sum(away) * 2 >= len(away)}

    def _answer(
        self, due: int, marked: int, registers: tuple[int | None, int], uncounted: int
    ) -> dict[str, Any]:
        return {
            "due_items": due,
            "marked_items": marked,
            "registers_expected": registers[0],
            "registers_taken": registers[1],
            "uncounted_count": uncounted,
        }
