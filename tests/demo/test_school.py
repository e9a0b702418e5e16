"""The demo school: made from a seed, and like a real one."""

from collections import Counter, defaultdict
from datetime import date
from statistics import mean
from typing import Any

import pytest

from classpulse.demo.school import school
from classpulse.demo.term import Term, school_day

TODAY = date(2026, 3, 18)


def rows(today: date = TODAY, students: int = 180) -> dict[str, list[dict[str, Any]]]:
    return {
        table.name: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        for table in school(today, students)
    }


def test_the_same_day_makes_the_same_school() -> None:
    assert school(TODAY) == school(TODAY)


def test_it_has_the_size_that_is_promised() -> None:
    made = rows()
    assert Counter(educator["role"] for educator in made["educators"]) == {
        "educator": 3,
        "principal": 1,
        "admin": 1,
    }
    assert [len(made[table]) for table in ("sections", "subjects", "students")] == [6, 8, 180]
    assert {row["section_id"] for row in made["section_educators"]} == set(range(1, 7))


@pytest.mark.parametrize("students", [1, 7, 60, 1000])
def test_it_scales_with_the_students(students: int) -> None:
    made = rows(students=students)
    assert len(made["students"]) == len({row["email"] for row in made["students"]}) == students
    a_section = Counter(row["section_id"] for row in made["enrollments"])
    assert max(a_section.values()) <= 31
    taught = {row["section_id"] for row in made["section_educators"]}
    assert taught == {row["id"] for row in made["sections"]}
    assert {row["educator_id"] for row in made["section_educators"]} <= {
        row["id"] for row in made["educators"] if row["role"] == "educator"
    }


def test_names_have_apostrophes_and_accents_and_mailboxes_do_not() -> None:
    students = rows()["students"]
    assert "O'Brien" in {student["last_name"] for student in students}
    assert any(not student["first_name"].isascii() for student in students)
    assert all(student["email"].isascii() and "'" not in student["email"] for student in students)


def test_figures_look_like_those_of_a_school() -> None:
    made = rows()
    percentages: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for grade in made["grades"]:
        if grade["status"] == "graded":
            percentage = float(grade["score"] / grade["total_marks"] * 100)
            percentages[grade["student_id"]][grade["subject_id"]].append(percentage)
    averages = [mean(map(mean, subjects.values())) for subjects in percentages.values()]
    assert 65 < mean(averages) < 80
    assert 0.75 < mean(average >= 60 for average in averages) < 0.98
    statuses = Counter(grade["status"] for grade in made["grades"])
    assert 0 < statuses["missing"] + statuses["excused"] < len(made["grades"]) * 0.05

    attendance = Counter(row["status"] for row in made["attendance"])
    there = (attendance["present"] + attendance["late"]) / attendance.total()
    assert 0.91 < there < 0.96
    away = Counter(
        row["student_id"] for row in made["attendance"] if row["status"] in ("absent", "excused")
    )
    days = len({row["date"] for row in made["attendance"]})
    assert 3 <= sum(count / days >= 0.15 for count in away.values()) <= 25


@pytest.mark.parametrize("day", range(1, 29))
def test_the_term_is_under_way_whatever_the_day(day: int) -> None:
    today = date(2028, 2, day)
    made = rows(today, students=12)
    (term,) = made["terms"]
    assert term["starts_on"] <= today <= term["ends_on"]
    dates = [exam["exam_date"] for exam in made["exams"]]
    assert min(dates) < today < max(dates)
    assert all(term["starts_on"] <= exam <= term["ends_on"] for exam in dates)
    exam_dates = {exam["id"]: exam["exam_date"] for exam in made["exams"]}
    assert all(exam_dates[grade["exam_id"]] < today for grade in made["grades"])
    assert max(row["date"] for row in made["attendance"]) < school_day(today)


def test_a_term_has_school_days_only() -> None:
    term = Term.around(TODAY)
    days = list(term.school_days(TODAY))
    assert days[0] == term.starts_on
    assert all(day.weekday() < 5 and day < TODAY for day in days)
    assert school_day(date(2026, 3, 22)) == date(2026, 3, 20)
