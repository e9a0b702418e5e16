"""The events of a row come in the order in which it changed, and the last says what it holds."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from project.batches import SCHOOL, Log, seen_in

pytestmark = pytest.mark.reliability("nested trigger order")

CURVE = """
create function public.curve() returns trigger language plpgsql as $$
begin update public.grades set score = new.score + 5 where id = new.id; return null; end $$;
create trigger sis_curve after insert on public.grades
for each row when (new.score is not null) execute function public.curve();
create function public.cap() returns trigger language plpgsql as $$
begin update public.grades set score = 100 where id = new.id; return null; end $$;
create trigger sis_cap after update on public.grades
for each row when (new.score > 100) execute function public.cap();
"""


@pytest.fixture
async def log(connection: Any) -> Log:
    await connection.execute(SCHOOL)
    log = Log(connection)
    await log.fold()
    return log


def scores(events: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    return [
        (e["operation"], e["grade_data"]["previous_score"], e["grade_data"]["score"])
        for e in events
        if e["type"] == "grade_update"
    ]


async def test_a_row_that_a_trigger_updates_again_is_told_in_the_order_of_its_values(
    log: Log,
) -> None:
    await log.connection.execute(CURVE)
    await log.connection.execute(
        "insert into grades (id, student_id, exam_id, score) values (9, 1, 1, 50)"
    )
    assert scores(await log.fold()) == [("insert", None, 50), ("update", 50, 55)]
    await log.connection.execute("update grades set score = 120 where id = 9")
    assert scores(await log.fold()) == [("update", 55, 120), ("update", 120, 100)]


async def test_several_levels_of_triggers_are_told_from_the_outermost_in(log: Log) -> None:
    await log.connection.execute(CURVE)
    await log.connection.execute(
        "insert into grades (id, student_id, exam_id, score) values (9, 1, 1, 98), (10, 2, 1, 3)"
    )
    events = await log.fold()
    of_nine = [e for e in events if e["grade_data"]["grade_id"] == 9]
    assert scores(of_nine) == [("insert", None, 98), ("update", 98, 103), ("update", 103, 100)]
    times = [event["timestamp"] for event in of_nine]
    assert times == sorted(times)


async def test_a_value_that_a_trigger_takes_back_is_not_told_last(log: Log) -> None:
    await log.connection.execute(
        "insert into grades (id, student_id, exam_id, score) values (9, 1, 1, 50)"
    )
    await log.fold()
    await log.connection.execute(
        """
        create function public.veto() returns trigger language plpgsql as $$
        begin update public.grades set score = old.score where id = new.id; return null; end $$;
        create trigger sis_veto after update on public.grades
        for each row when (new.score = 66) execute function public.veto();
        """
    )
    await log.connection.execute("update grades set score = 66 where id = 9")
    assert scores(await log.fold()) == [("update", 50, 66), ("update", 66, 50)]


async def test_a_row_that_a_trigger_deletes_again_ends_deleted(log: Log) -> None:
    await log.connection.execute(
        """
        create function public.refuse() returns trigger language plpgsql as $$
        begin delete from public.attendance where id = new.id; return null; end $$;
        create trigger sis_refuse after insert on public.attendance
        for each row execute function public.refuse();
        """
    )
    await log.connection.execute(
        "insert into attendance (student_id, section_id, date, status)"
        " values (1, 1, '2026-01-05', 'late')"
    )
    events = await log.fold()
    assert [e["operation"] for e in events] == ["insert", "delete"]


async def test_students_exams_and_enrollments_are_told_in_their_order_too(log: Log) -> None:
    await log.connection.execute(
        """
        create function public.again() returns trigger language plpgsql as $$
        begin
            if tg_table_name = 'students' then
                update public.students set is_active = false where id = new.id;
            elsif tg_table_name = 'exams' then
                update public.exams set name = new.name || '!' where id = new.id;
            else
                update public.enrollments set roll_number = 7
                where student_id = new.student_id and section_id = new.section_id;
            end if;
            return null;
        end $$;
        create trigger sis_again after insert on public.students
        for each row execute function public.again();
        create trigger sis_again after insert on public.exams
        for each row execute function public.again();
        create trigger sis_again after insert on public.enrollments
        for each row execute function public.again();
        """
    )
    await log.connection.execute(
        "insert into students (id, school_id, first_name) values (50, 1, 'N')"
    )
    assert [e["operation"] for e in await log.fold()] == ["insert", "update"]
    await log.connection.execute("update students set is_active = true where id = 50")
    await log.fold()
    await log.connection.execute("insert into enrollments (student_id, section_id) values (50, 1)")
    events = await log.fold()
    assert [e["event"] for e in events] == ["student_joined", "student_updated"]
    assert events[-1]["roster_data"]["roll_number"] == 7
    await log.connection.execute(
        "insert into exams (id, section_id, subject_id, name) values (9, 1, 1, 'Quiz')"
    )
    assert [e["exam_data"]["exam_name"] for e in await log.fold()] == ["Quiz", "Quiz!"]


async def test_the_grades_of_an_exam_that_moves_and_changes_its_total_end_with_both(
    log: Log,
) -> None:
    await log.connection.execute(
        "insert into grades (student_id, exam_id, score) values (1, 1, 40)"
    )
    await log.fold()
    await log.connection.execute("update exams set section_id = 2, total_marks = 50 where id = 1")
    events = [e for e in await log.fold() if e["type"] == "grade_update"]
    told = [seen_in(event, 2)["grade_data"] for event in events]
    assert [row["total_marks"] for row in told] == [100, 50]
    assert [row["section_id"] for row in told] == [2, 2]
    assert told[-1]["percentage"] == 80


async def test_statements_of_one_transaction_and_one_statement_of_several_keep_their_order(
    log: Log,
) -> None:
    await log.connection.execute(CURVE)
    await log.connection.execute(
        """
        begin;
        insert into grades (id, student_id, exam_id, score) values (9, 1, 1, 50);
        update grades set score = 60 where id = 9;
        delete from grades where id = 9;
        insert into grades (id, student_id, exam_id, score) values (9, 1, 1, 50);
        commit
        """
    )
    assert scores(await log.fold()) == [
        ("insert", None, 50),
        ("update", 50, 55),
        ("update", 55, 60),
        ("delete", 60, None),
        ("insert", None, 50),
        ("update", 50, 55),
    ]
    await log.connection.execute(
        "with moved as (update exams set total_marks = 50 where id = 1 returning id)"
        " insert into grades (id, student_id, exam_id, score) select 10, 2, id, 20 from moved"
    )
    ends = {}
    for event in await log.fold():
        if event["type"] == "grade_update":
            ends[event["grade_data"]["grade_id"]] = event["grade_data"]
    for row in await log.connection.fetch("select id, score, total_marks from grades"):
        assert (ends[row["id"]]["score"], ends[row["id"]]["total_marks"]) == (row[1], row[2])


async def test_a_row_that_a_bulk_change_went_on_with_is_told_as_the_table_holds_it(
    log: Log,
) -> None:
    """A trigger that touches many rows is condensed: no single change says what it left."""
    await log.connection.execute(
        "insert into grades (student_id, section_id, subject_id, score)"
        " select 1 + n % 10, 1, 1, 1 from generate_series(1, 600) as n"
    )
    await log.connection.execute(
        """
        create function public.scale_all() returns trigger language plpgsql as $$
        begin
            if pg_trigger_depth() = 1 then update public.grades set score = 33; end if;
            return null;
        end $$;
        create trigger aaa_scale after insert on public.grades
        for each statement execute function public.scale_all();
        """
    )
    await log.fold()
    await log.connection.execute(
        "insert into grades (id, student_id, exam_id, score) values (9999, 1, 1, 50)"
    )
    events = await log.fold()
    (told,) = [e["grade_data"] for e in events if e["type"] == "grade_update"]
    assert told["score"] == await log.connection.fetchval(
        "select score from grades where id = 9999"
    )


#: by what a trigger answers a write: it is fired for odd scores only, so that it ends
NESTED = """
create table public.answers (source text, step integer, what text);
create function public.answer() returns trigger language plpgsql as $$
declare answer record;
begin
    if pg_trigger_depth() > 3 then return null; end if;
    for answer in select what from public.answers where step = pg_trigger_depth() loop
        execute answer.what using new.id;
    end loop;
    return null;
end $$;
create trigger aaa_answer after insert or update on public.grades
for each row execute function public.answer();
"""
small = st.integers(0, 3)
write = st.one_of(
    st.tuples(st.just("update grades set score = {} where id = {}"), small, st.integers(1, 3)),
    st.tuples(st.just("delete from grades where score = {} and id = {}"), small, st.integers(1, 3)),
    st.tuples(
        st.just(
            "insert into grades (score, id, student_id, section_id, subject_id)"
            " values ({}, {}, 1, 1, 1) on conflict (id) do update set score = excluded.score + 1"
        ),
        small,
        st.integers(1, 3),
    ),
    st.tuples(
        st.just("update grades set id = (id + 1) % 4 + {} where id = {}"), small, st.integers(1, 3)
    ),
    st.tuples(
        st.just("update grades set score = {}, section_id = 3 - section_id where id <> {}"),
        small,
        st.integers(1, 3),
    ),
)
answer = st.sampled_from(
    [
        "update public.grades set score = 2 where id = $1",
        "update public.grades set score = score + 1 where id = $1 and score < 4",
        "update public.grades set score = 1, section_id = 2 where id = $1",
        "delete from public.grades where id = $1 and score = 3",
        "update public.grades set score = 0 where id <> $1",
    ]
)


async def run(url: str, answers: list[list[str]], transactions: list[list[Any]]) -> None:
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("select to_regclass('public.answers') is null"):
            await connection.execute(SCHOOL)
            await connection.execute(NESTED)
        await connection.execute("truncate public.answers; delete from grades")
        log = Log(connection)
        await log.fold()
        for step, statements in enumerate(answers, 1):
            for statement in statements:
                await connection.execute(
                    "insert into public.answers values ('grades', $1, $2)", step, statement
                )
        for transaction in transactions:
            try:
                async with connection.transaction():
                    for text, one, other in transaction:
                        await connection.execute(text.format(one, other))
            except asyncpg.PostgresError:
                continue
        await check(connection, await log.fold())
    finally:
        await connection.close()


async def check(connection: Any, events: list[dict[str, Any]]) -> None:
    """Applied by row id, the events end with what the table holds, and each follows the last."""
    rows: dict[int, Any] = {}
    for event in events:
        if event["type"] != "grade_update":
            continue
        event = seen_in(event, event["row"]["section_ids"][0])
        told = event["grade_data"]
        held = rows.get(told["grade_id"])
        assert (event["operation"] == "insert") == (held is None), json.dumps(told, default=str)
        if held is not None:
            assert told["previous_score"] == held[0]
        if event["operation"] == "delete":
            rows.pop(told["grade_id"])
        else:
            rows[told["grade_id"]] = (told["score"], told["section_id"])
    assert rows == {
        row["id"]: (row["score"], row["section_id"])
        for row in await connection.fetch("select * from grades")
    }


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    answers=st.lists(st.lists(answer, max_size=2), max_size=3),
    transactions=st.lists(st.lists(write, min_size=1, max_size=4), min_size=1, max_size=5),
)
def test_whatever_triggers_write_the_events_of_a_row_end_with_what_the_table_holds(
    database_url: str, answers: list[list[str]], transactions: list[list[Any]]
) -> None:
    asyncio.run(run(database_url, answers, transactions))
