"""Trends by brute force: the figures, calculated from the rows dated up to each date.

It asks :mod:`project.oracle` again for every date, and shares nothing with the code under test.
"""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from project.oracle import Rows, expected_figures


def day_of(grade: dict[str, Any], base: dict[str, Rows]) -> date:
    """The date of a grade: of its grading, else its item's, else of its writing at the school."""
    exam = next((e for e in base["exams"] if e["id"] == grade["exam_id"]), None)
    given = grade["graded_on"] or (exam and exam["exam_date"])
    if given is not None:
        return given
    section = next(s for s in base["sections"] if s["id"] == grade["section_id"])
    school = next(s for s in base["schools"] if s["id"] == section["school_id"])
    if grade["created_at"] is None:
        return date.min
    return grade["created_at"].astimezone(ZoneInfo(school["time_zone"])).date()


def rows_up_to(base: dict[str, Rows], day: date) -> dict[str, Rows]:
    """The base rows without those that are dated later."""
    return base | {
        "grades": [g for g in base["grades"] if day_of(g, base) <= day],
        "attendance": [row for row in base["attendance"] if row["date"] <= day],
    }


def expected_trends(base: dict[str, Rows]) -> dict[date, tuple[dict[Any, Any], dict[Any, Any]]]:
    """Standings and figures, as the oracle has them, at each date that any row has."""
    days = {day_of(g, base) for g in base["grades"] if g["section_id"] is not None}
    days |= {row["date"] for row in base["attendance"]}
    # what is of no date is so from the beginning
    days.add(date(1900, 1, 1))
    return {day: expected_figures(rows_up_to(base, day)) for day in sorted(days - {date.min})}


AT_DATE = {
    "standings": """
        select distinct on (trend.student_id, trend.section_id) trend.student_id,
            trend.section_id, classpulse.rounded(trend.exact_average) as average, trend.passed,
            trend.n as graded_count
        from classpulse.standing_trend as trend where trend.date <= $1
        order by trend.student_id, trend.section_id, trend.date desc
    """,
    "figures": """
        select trend.section_id, trend.subject_id,
            classpulse.rounded(classpulse.exact_mean(
                sum(trend.average_sum), sum(trend.averages)
            )) as average_score,
            sum(trend.passed) as passed_students, sum(trend.failed) as failed_students,
            sum(trend.present) as present, sum(trend.late) as late, sum(trend.absent) as absent,
            sum(trend.excused) as excused
        from classpulse.section_trend as trend where trend.date <= $1
        group by trend.section_id, trend.subject_id
    """,
    "sessions": """
        select sessions.student_id, sessions.section_id,
            sum(day.present) + sum(day.late) as attended_sessions,
            sum(day.present) + sum(day.late) + sum(day.absent) + sum(day.excused)
            as total_sessions
        from classpulse.standing_sessions as sessions
        cross join lateral unnest(
            sessions.dates, sessions.present, sessions.late, sessions.absent, sessions.excused
        ) as day (date, present, late, absent, excused)
        where day.date <= $1
        group by sessions.student_id, sessions.section_id
    """,
}


async def trend_differences(connection: Any, base: dict[str, Rows]) -> list[str]:
    """One line for each value at a date that is not as the rows up to it have it."""
    lines = []
    for day, (standings, figures) in expected_trends(base).items():
        found = {
            (row["student_id"], row["section_id"]): row
            for row in await connection.fetch(AT_DATE["standings"], day)
        }
        sessions = {
            (row["student_id"], row["section_id"]): row
            for row in await connection.fetch(AT_DATE["sessions"], day)
        }
        for pair, standing in standings.items():
            row = found.pop(pair, None)
            for name, of_none in (("average", None), ("passed", None), ("graded_count", 0)):
                value = row[name] if row else of_none
                if value != standing[name]:
                    lines.append(f"{day} {pair} {name}: {value}, expected {standing[name]}")
            of_days = sessions.pop(pair, None)
            for name in ("attended_sessions", "total_sessions"):
                value = of_days[name] if of_days else 0
                if value != standing[name]:
                    lines.append(f"{day} {pair} {name}: {value}, expected {standing[name]}")
        lines += [f"{day} {pair}: there is no such standing" for pair in [*found, *sessions]]
        merged = {
            (row["section_id"], row["subject_id"]): row
            for row in await connection.fetch(AT_DATE["figures"], day)
        }
        for key, expected in figures.items():
            row = merged.pop(key, None)
            values = {
                name: row[name] if row else 0 for name in ("passed_students", "failed_students")
            }
            values["average_score"] = row["average_score"] if row else None
            values["attendance_average"] = percentage(row) if row else None
            lines += [
                f"{day} {key} {name}: {value}, expected {expected[name]}"
                for name, value in values.items()
                if value != expected[name]
            ]
        lines += [f"{day} {key}: there is no such section or subject" for key in merged]
    return lines


def percentage(row: Any) -> Decimal | None:
    """Attendance of a section's row of sums; none where presence is never recorded."""
    attended = row["present"] + row["late"]
    if not attended:
        return None
    every = attended + row["absent"] + row["excused"]
    hundredths = (Decimal(attended) * 10000 / every + Decimal("0.5")).__floor__()
    return Decimal(hundredths) / 100
