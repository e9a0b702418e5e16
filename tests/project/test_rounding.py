"""One rounding everywhere: half up of the exact value, however many digits it has."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classpulse.database.install.migrate import migrate
from classpulse.project.figures import percentage
from classpulse.project.verify import verify
from project.batches import SCHOOL, Log
from project.oracle import base_rows, cached, differences, expected_figures, half_up

pytestmark = pytest.mark.reliability("rounding")
LONG = [
    ("59.99499999999999999999999999", "59.99"),
    ("59.995", "60.00"),
    ("59.99500000000000000000000001", "60.00"),
    ("59.994999999999999999999999999999999999999999999999", "59.99"),
    ("0.00499999999999999999", "0.00"),
]
digits = st.integers(0, 60).flatmap(
    lambda places: st.decimals(0, 200, places=places, allow_nan=False, allow_infinity=False)
)


OLD_ROUNDING = """
create or replace function classpulse.rounded(value numeric) returns numeric
language sql immutable parallel safe
return round(round(value, 16), 2);
create or replace function classpulse.exact_percentage(part numeric, whole numeric) returns numeric
language sql immutable parallel safe
return case
    when whole > 0 then round(part * 100.000000000000000000000000 / whole, 24)
end;
"""


@pytest.fixture
async def log(connection: Any) -> Log:
    await connection.execute(SCHOOL)
    log = Log(connection)
    await log.fold()
    return log


@pytest.mark.parametrize(("score", "shown"), LONG)
async def test_event_standing_section_and_exam_round_a_long_decimal_alike(
    log: Log, database_url: str, score: str, shown: str
) -> None:
    await log.connection.execute(
        "insert into grades (student_id, exam_id, score) values (1, 1, $1)", Decimal(score)
    )
    (event,) = await log.fold()
    figures = event["performance_data"]
    assert event["grade_data"]["percentage"] == Decimal(shown)
    assert event["grade_data"]["letter"] == figures["student_letter"]
    for figure in (
        figures["student_average"],
        figures["subject_average"],
        figures["overall_average"],
        figures["student_subject"]["percentage"],
        figures["student_subject"]["percentage_if_missing_zero"],
        figures["student"]["average_if_missing_zero"],
        figures["section"]["highest_score"],
        figures["exam"]["average"],
    ):
        assert figure == Decimal(shown)
    assert not (await verify(database_url)).figures


@given(part=digits, whole=digits.filter(lambda value: value > Decimal("0.0001")))
def test_the_percentage_of_an_event_is_exact(part: Decimal, whole: Decimal) -> None:
    assert percentage(part, whole) == half_up(Fraction(part) / Fraction(whole) * 100)


async def test_the_databases_percentages_and_means_are_those_of_fractions(connection: Any) -> None:
    """Ties and their neighbours, of ends and of none."""
    ties = [Decimal(n) / 1000 for n in (5, 15, 59995, 99995)]
    nudges = [Decimal(0)] + [
        sign * Decimal(10) ** -places for places in (9, 17, 23, 26, 39) for sign in (1, -1)
    ]
    wholes = list(map(Decimal, ("3", "7", "50", "97", "100", "0.7", "33.3333333333333333")))
    for whole in wholes:
        parts = [tie * whole / 100 + nudge for tie in ties for nudge in nudges]
        parts += [Decimal(n) for n in range(1, 8)]
        rows = await connection.fetch(
            "select part, classpulse.rounded(classpulse.exact_percentage(part, $2)) as found"
            " from unnest($1::numeric[]) as part",
            parts,
            whole,
        )
        for row in rows:
            expected = half_up(Fraction(row["part"]) / Fraction(whole) * 100)
            assert row["found"] == expected, (row["part"], whole)
    for thirds in ((1, 2), (2, 2, 2), (1, 1, 4), (1, 4, 4, 5)):
        for nudge in (*nudges, Decimal("0.03"), Decimal("0.015")):
            scores = [Decimal(n) for n in thirds[:-1]] + [thirds[-1] + nudge]
            found = await connection.fetchval(
                "select classpulse.rounded(classpulse.exact_mean(sum(p), count(p)))"
                " from unnest($1::numeric[]) as score"
                " cross join lateral classpulse.exact_percentage(score, 3) as p",
                scores,
            )
            exact = sum((Fraction(score) * 100 / 3 for score in scores), Fraction(0))
            assert found == half_up(exact / len(scores)), scores


async def test_means_of_long_decimals_are_exact_and_leave_nothing_behind(
    log: Log, database_url: str
) -> None:
    near = "59.98999999999999999999999999"
    await log.connection.execute(
        "insert into grades (student_id, section_id, subject_id, score) values"
        f" (1, 1, 1, {near}), (1, 1, 2, 60), (2, 1, 1, {near}), (3, 1, 1, 60)"
    )
    await log.fold()
    standings, figures = expected_figures(await base_rows(log.connection))
    found = await cached(log.connection)
    assert differences(standings, found[0]) == differences(figures, found[1]) == []
    assert standings[(1, 1)]["average"] == Decimal("59.99")
    await log.connection.execute(f"delete from grades where score = {near}")
    await log.connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, total_marks)"
        " values (4, 1, 1, 1, 3), (5, 1, 1, 2, 3)"
    )
    await log.fold()
    standings, figures = expected_figures(await base_rows(log.connection))
    found = await cached(log.connection)
    assert differences(standings, found[0]) == differences(figures, found[1]) == []
    assert not (await verify(database_url)).figures


async def test_an_upgrade_recalculates_only_what_the_old_rounding_may_have_got_wrong(
    log: Log, database_url: str
) -> None:
    await log.connection.execute(OLD_ROUNDING)
    await log.connection.execute(
        "insert into grades (student_id, section_id, subject_id, score, total_marks) values"
        " (1, 1, 1, 59.99499999999999999999999999, 100), (2, 1, 1, 61, 100),"
        " (1, 2, 1, 59.995, 100), (2, 2, 1, 1, 3), (3, 2, 2, 2, 7)"
    )
    await log.fold()
    average = (
        "select average from student_performance_summaries where student_id = 1 and section_id = 1"
    )
    told = "select section_id, subject_id, updated_at from performance_cache order by 1, 2"
    before = {row["section_id"]: row for row in await log.connection.fetch(told)}
    await log.connection.execute(
        """
        alter table classpulse.events drop former_student_id, drop former_subject_id,
            drop former_section_ids;
        alter table classpulse.state drop next_turn;
        drop table classpulse.told_terms;
        delete from classpulse.migrations where name like '0010%';
        delete from classpulse.objects where file ~ 'rounded|exact'
        """
    )
    await migrate(database_url)
    assert await log.connection.fetchval(average) == 60
    stale = await log.connection.fetch("select section_id from classpulse.stale_sections")
    assert [row["section_id"] for row in stale] == [1]
    events = await log.fold()
    assert [(e["type"], e["section_ids"]) for e in events] == [("figures_changed", [1])]
    assert await log.connection.fetchval(average) == Decimal("59.99")
    assert not (await verify(database_url)).figures
    after = {row["section_id"]: row for row in await log.connection.fetch(told)}
    assert after[2] == before[2]
