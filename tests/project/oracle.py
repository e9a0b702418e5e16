"""Contract figures calculated by brute force from the base tables, with fractions.

It shares nothing with the code under test: plain loops over plain rows.
"""

import json
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

import asyncpg

from project.coverage_oracle import Coverage
from project.gradebook_oracle import subject_by_rule

Rows = list[dict[str, Any]]
TABLES = (
    "schools",
    "students",
    "sections",
    "enrollments",
    "exams",
    "grades",
    "attendance",
    "grade_categories",
    "grade_overrides",
    "terms",
    "school_days",
)
DEFAULT = (
    60,
    {"A+": 95, "A": 90, "B+": 85, "B": 80, "C+": 75, "C": 70, "D+": 65, "D": 60, "F": 0},
)


def half_up(value: Fraction | None) -> Decimal | None:
    if value is None:
        return None
    hundredths = (value * 100 + Fraction(1, 2)).__floor__()
    return Decimal(hundredths) / 100


def mean(values: list[Fraction]) -> Fraction | None:
    return sum(values, Fraction(0)) / len(values) if values else None


def letter_of(value: Decimal | None, scale: dict[str, Any]) -> str | None:
    if value is None:
        return None
    best = max(
        (Decimal(str(low)), name) for name, low in scale.items() if Decimal(str(low)) <= value
    )
    return best[1]


def scale_of(written: str) -> dict[str, Any]:
    scale: Any = json.loads(written)
    return scale if isinstance(scale, dict) else {step["letter"]: step["min"] for step in scale}


Policy = tuple[Any, dict[str, Any], dict[str, Any], bool]


def policy_of(base: dict[str, Rows], section: dict[str, Any], subject: int | None = None) -> Policy:
    """Pass mark, scale, grade points, and whether grades are carried over: the most specific
    policy that there is."""
    for school, of_section, of_subject in (
        *([(section["school_id"], section["id"], subject)] if subject is not None else []),
        (section["school_id"], section["id"], None),
        *([(section["school_id"], None, subject)] if subject is not None else []),
        (section["school_id"], None, None),
        (None, None, None),
    ):
        for policy in base["policies"]:
            key = (policy["school_id"], policy["section_id"], policy["subject_id"])
            if key == (school, of_section, of_subject):
                points = json.loads(policy["points"] or "{}")
                carries = policy["carry_over"]
                return policy["pass_mark"], scale_of(policy["scale"]), points, carries
    return (*DEFAULT, {}, False)


def result_of(
    average: Decimal | None,
    override: dict[str, Any] | None,
    policy: Policy,
) -> tuple[str | None, bool | None]:
    """Letter and pass: what a person set wins over what was calculated."""
    pass_mark, scale, _, _ = policy
    computed = None if average is None else average >= pass_mark
    if override is None:
        return letter_of(average, scale), computed
    if override["average"] is not None:
        instead = half_up(Fraction(override["average"]))
        assert instead is not None
        return override["letter"] or letter_of(instead, scale), instead >= pass_mark
    letter = override["letter"]
    if letter in scale:
        return letter, Decimal(str(scale[letter])) >= pass_mark
    return letter, computed


def carried_grades(
    base: dict[str, Rows],
    pair: tuple[int, int],
    exams: dict[int, Any],
    categories: dict[int, Any],
    terms: dict[int, Any],
) -> Rows:
    """What a student earned in sections that they have left, as it counts in the one of ``pair``:
    in its term, by its policy, in its category of the same name."""
    sections = {s["id"]: s for s in base["sections"]}
    student, here = pair
    enrolled = {e["section_id"] for e in base["enrollments"] if e["student_id"] == student}
    carried = []
    for grade in base["grades"]:
        if grade["student_id"] != student or grade["section_id"] in enrolled:
            continue
        former, present = sections[grade["section_id"]], sections[here]
        if former["school_id"] != present["school_id"] or not overlap(
            terms.get(former["term_id"]), terms.get(present["term_id"])
        ):
            continue
        if not policy_of(base, present, grade["subject_id"])[3]:
            continue
        exam = exams.get(grade["exam_id"])
        category = categories.get((exam or grade)["category_id"])
        if category is not None and category["section_id"] not in (None, here):
            alike = [
                c
                for c in categories.values()
                if c["school_id"] == category["school_id"]
                and c["name"].strip().lower() == category["name"].strip().lower()
                and c["section_id"] in (None, here)
                and c["subject_id"] in (None, grade["subject_id"])
            ]
            category = min(
                alike,
                key=lambda c: (c["section_id"] is None, c["subject_id"] is None, c["id"]),
                default=None,
            )
        carried.append(grade | {"instead": category and category["id"]})
    return carried


def overlap(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    return (
        one is None
        or other is None
        or (one["starts_on"] <= other["ends_on"] and other["starts_on"] <= one["ends_on"])
    )


def rule_row(grade: dict[str, Any], exams: dict[int, Any]) -> dict[str, Any]:
    """A grade with what its item says of it, as the rule takes it."""
    exam = exams.get(grade["exam_id"])
    return {
        "grade_id": grade["id"],
        "category_id": grade.get("instead", (exam or grade)["category_id"]),
        "status": grade["status"],
        "score": grade["score"],
        "total_marks": grade["total_marks"],
        "weight": exam and exam["weight"],
        "item_counts": exam["counts"] if exam else True,
        "extra_credit": exam["extra_credit"] if exam else False,
        "never_drop": exam["never_drop"] if exam else False,
        "exam_date": exam and exam["exam_date"],
        "graded_on": grade["graded_on"],
    }


def share(graded: Rows, counted: Rows) -> Fraction | None:
    total = sum((Fraction(g["total_marks"]) for g in counted), Fraction(0))
    if total == 0:
        return None
    return sum((Fraction(g["score"]) for g in graded), Fraction(0)) / total * 100


def attendance_of(sessions: Counter[str], known: bool) -> tuple[Any, Any, Any]:
    here, away = sessions["present"] + sessions["late"], sessions["absent"] + sessions["excused"]
    every = here + away
    chronic = every >= 10 and away * 10 >= every
    if not known:
        return None, None, chronic
    unexcused = every - sessions["excused"]
    return (
        half_up(Fraction(here * 100, every)) if every else None,
        half_up(Fraction(here * 100, unexcused)) if unexcused else None,
        chronic,
    )


async def base_rows(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, Rows]:
    base = {
        table: [dict(row) for row in await connection.fetch(f"select * from {table}")]
        for table in TABLES
    }
    base["policies"] = [
        dict(row)
        for row in await connection.fetch(
            "select school_id, section_id, subject_id, pass_mark, letter_scale::text as scale,"
            " letter_points::text as points, carry_over from grading_policies"
        )
    ]
    base["clocks"] = [
        dict(row)
        for row in await connection.fetch(
            "select id, timezone(time_zone, now())::date as today from schools"
        )
    ]
    return base


def expected_figures(base: dict[str, Rows]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """The standings by (student, section) and the figures by (section, subject or None)."""
    active = {s["id"] for s in base["students"] if s["is_active"]}
    policy = {s["id"]: policy_of(base, s) for s in base["sections"]}
    exams = {e["id"]: e for e in base["exams"]}
    categories = {c["id"]: c for c in base["grade_categories"]}
    overrides = {
        (o["student_id"], o["section_id"], o["subject_id"]): o for o in base["grade_overrides"]
    }
    sections = {s["id"]: s for s in base["sections"]}
    terms = {t["id"]: t for t in base["terms"]}
    live = [
        (e["student_id"], e["section_id"]) for e in base["enrollments"] if e["student_id"] in active
    ]
    sessions: dict[Any, Counter[str]] = {pair: Counter() for pair in live}
    for row in base["attendance"]:
        for pair in live:
            if pair[0] == row["student_id"] and row["section_id"] in (None, pair[1]):
                sessions[pair][row["status"]] += 1
    pooled: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for pair in live:
        pooled[pair[1]] += sessions[pair]
    known = {
        section: pooled[section]["present"] + pooled[section]["late"] > 0 for section in policy
    }

    today = {clock["id"]: clock["today"] for clock in base["clocks"]}
    coverage = Coverage(base, today, live)
    uncounted: Counter[Any] = Counter()

    standings: dict[Any, Any] = {}
    marks: dict[Any, Fraction | None] = {}
    results: dict[Any, tuple[str | None, bool | None]] = {}
    exact: dict[Any, Fraction | None] = {}
    for pair in live:
        mine = [g for g in base["grades"] if (g["student_id"], g["section_id"]) == pair]
        mine += carried_grades(base, pair, exams, categories, terms)
        set_here = {o[2] for o in overrides if o[:2] == pair and o[2] is not None}
        zeros: list[Fraction] = []
        points: list[Fraction] = []
        counts = Counter[str]()
        for subject in {g["subject_id"] for g in mine} | set_here:
            key = (*pair, subject)
            by_rule = subject_by_rule(
                [rule_row(g, exams) for g in mine if g["subject_id"] == subject], categories
            )
            marks[key] = by_rule["average"]
            if by_rule["if_missing_zero"] is not None:
                zeros.append(by_rule["if_missing_zero"])
            for name in ("graded_count", "missing_count", "uncounted_count"):
                counts[name] += by_rule[name]
            uncounted[pair[1], subject] += by_rule["uncounted_count"]
            uncounted[pair[1], None] += by_rule["uncounted_count"]
            own = policy_of(base, sections[pair[1]], subject)
            results[key] = result_of(half_up(marks[key]), overrides.get(key), own)
            letter = results[key][0]
            if letter is not None and letter in own[2]:
                points.append(Fraction(str(own[2][letter])))
        exact[pair] = mean([m for key, m in marks.items() if key[:2] == pair and m is not None])
        average = half_up(exact[pair])
        set_whole = overrides.get((*pair, None))
        result = results[(*pair, None)] = result_of(average, set_whole, policy[pair[1]])
        percentage, unexcused, chronic = attendance_of(sessions[pair], known[pair[1]])
        by_calendar = coverage.has_calendar(pair[1])
        standings[pair] = {
            "average": average,
            "average_if_missing_zero": half_up(mean(zeros)),
            "letter": result[0],
            "passed": result[1],
            "override_average": set_whole and set_whole["average"],
            "override_letter": set_whole and set_whole["letter"],
            "grade_points": half_up(mean(points)),
            "graded_count": counts["graded_count"],
            "missing_count": counts["missing_count"],
            "uncounted_count": counts["uncounted_count"],
            "attended_sessions": sessions[pair]["present"] + sessions[pair]["late"],
            "total_sessions": sessions[pair].total(),
            "attendance_percentage": percentage,
            "attendance_percentage_unexcused": unexcused,
            "chronically_absent": coverage.chronically_absent(pair) if by_calendar else chronic,
            "absence_basis": "calendar" if by_calendar else "sessions",
            "coverage": coverage.of_standing(pair, counts["uncounted_count"]),
        }

    figures: dict[Any, Any] = {}
    for section in policy:
        roster = [pair for pair in live if pair[1] == section]
        subjects = {e["subject_id"] for e in base["exams"] if e["section_id"] == section}
        subjects |= {key[2] for key in marks if key[1] == section}
        for subject in (None, *subjects):
            if subject is None:
                values = [exact[pair] for pair in roster]
                attendance = attendance_of(pooled[section], known[section])[0]
            else:
                values = [marks.get((*pair, subject)) for pair in roster]
                attendance = None
            there = [value for value in values if value is not None]
            rounded = [half_up(value) for value in there]
            decided = [results.get((*pair, subject), (None, None)) for pair in roster]
            passed = sum(has_passed is True for _, has_passed in decided)
            failed = sum(has_passed is False for _, has_passed in decided)
            letters = Counter(letter for letter, _ in decided)
            scale = policy_of(base, sections[section], subject)[1]
            figures[(section, subject)] = {
                "total_students": len(roster),
                "average_score": half_up(mean(there)),
                "highest_score": max(rounded, default=None),  # type: ignore[type-var]
                "lowest_score": min(rounded, default=None),  # type: ignore[type-var]
                "passed_students": passed,
                "failed_students": failed,
                "pass_rate": half_up(Fraction(passed * 100, passed + failed))
                if passed + failed
                else None,
                # a letter that a person set may be none of the scale
                "grade_distribution": dict.fromkeys(scale, 0)
                | {name: count for name, count in letters.items() if name is not None},
                "attendance_average": attendance,
                "no_data": len(roster) - passed - failed,
                "coverage": coverage.of(section, subject, uncounted[section, subject]),
            }
    return standings, figures


def expected_exams(base: dict[str, Rows]) -> dict[int, Any]:
    """How far the grading of each exam is, by its id."""
    active = {s["id"] for s in base["students"] if s["is_active"]}
    live = {
        (e["student_id"], e["section_id"]) for e in base["enrollments"] if e["student_id"] in active
    }
    found = {}
    for exam in base["exams"]:
        rows = [
            g
            for g in base["grades"]
            if g["exam_id"] == exam["id"] and (g["student_id"], g["section_id"]) in live
        ]
        shares = [share([g], [g]) for g in rows if g["status"] == "graded"]
        found[exam["id"]] = {
            "exam_id": exam["id"],
            "exam_name": exam["name"],
            "exam_date": exam["exam_date"] and exam["exam_date"].isoformat(),
            "total_marks": exam["total_marks"],
            "section_id": exam["section_id"],
            "subject_id": exam["subject_id"],
            "students": sum(section == exam["section_id"] for _, section in live),
            **{
                status: sum(g["status"] == status for g in rows)
                for status in ("graded", "missing", "excused", "pending")
            },
            "average": half_up(mean([value for value in shares if value is not None])),
        }
    return found


async def cached(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """What the database holds, in the same shape."""
    standings = {
        (row["student_id"], row["section_id"]): dict(row)
        | {"coverage": json.loads(row["coverage"])}
        for row in await connection.fetch(
            "select summary.*, f.absence_basis, f.coverage"
            " from student_performance_summaries as summary"
            " join classpulse.standing_figures as f"
            " on f.id = summary.student_id and f.section_id = summary.section_id"
        )
    }
    figures = {
        (row["section_id"], row["subject_id"]): dict(row)
        | {name: json.loads(row[name]) for name in ("grade_distribution", "coverage")}
        for row in await connection.fetch(
            "select figures.*, coalesce(of_subject.coverage, of_section.coverage) as coverage"
            " from performance_cache as figures"
            " left join classpulse.subject_figures as of_subject"
            " on of_subject.section_id = figures.section_id"
            " and of_subject.subject_id = figures.subject_id"
            " left join classpulse.section_figures as of_section"
            " on of_section.section_id = figures.section_id and figures.subject_id is null"
        )
    }
    return standings, figures


def differences(expected: dict[Any, Any], found: dict[Any, Any]) -> list[str]:
    """One line for each value that is not as expected; nothing where both agree."""
    lines = [f"{key}: not cached" for key in expected.keys() - found.keys()]
    lines += [f"{key}: cached, but there is none" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        lines += [
            f"{key} {name}: {found[key][name]!r}, expected {value!r}"
            for name, value in expected[key].items()
            if found[key][name] != value
        ]
    return lines
