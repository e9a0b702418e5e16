"""``performance_update``: whole at first, then only what changed, and together the overview."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from event_log import until

from classpulse.publish import scope_overview
from classpulse.publish.subscriber import Subscriber
from serve.live import Feed, Live, listening, token

Connection = asyncpg.Connection
API = "/api/v1/performance"
ONLY_UPDATES = "?types=performance_update"
HEAD, BOB, ADMIN = 3, 2, 4
GRADE = "update grades set score = $1 where student_id = $2 and exam_id = 1"
LISTS = ("grade_distribution", "top_performers", "low_performers")
ROWS = {"sections": "section_id", "subjects": "subject_id"}
# Longer than two rounds of updates.
QUIET = 1.3


@pytest.fixture
async def live(school_url: str, tool: Connection) -> AsyncIterator[Live]:
    async with listening(school_url) as live:
        await until(lambda: live.app.state.leader.leading, 10)
        epoch = await tool.fetchval("select epoch from classpulse.state")
        await until(lambda: live.hub.epoch == epoch)
        yield live


async def overview(live: Live, educator: int) -> dict[str, Any]:
    bearer = {"Authorization": f"Bearer {token(educator)}"}
    async with live.request("GET", f"{API}/overview", bearer) as feed:
        found: dict[str, Any] = json.loads(await feed.body())
    return found


class Picture:
    """An overview as a client keeps it: a whole one, and what changed since."""

    def __init__(self) -> None:
        self.totals: dict[str, Any] = {}
        self.lists: dict[str, Any] = {}
        self.rows: dict[str, dict[int, Any]] = {}
        self.fetched_at = 0
        self.updates: list[dict[str, Any]] = []

    async def take(self, update: dict[str, Any], live: Live, educator: int) -> None:
        self.updates.append(update)
        if position(update) < self.fetched_at:
            return
        if update.get("refetch"):
            figures = await overview(live, educator)
            self.fetched_at = position(figures)
            self.totals = totals_of(figures)
            self.lists = {name: figures[name] for name in LISTS}
            self.rows = rows_of(figures)
            return
        if update.get("whole"):
            self.rows = {name: {} for name in ROWS}
        self.totals = update["totals"]
        self.lists |= {name: update[name] for name in LISTS if name in update}
        for name, key in ROWS.items():
            self.rows[name] |= {row[key]: row for row in update[name]}

    async def follow(self, feed: Feed, live: Live, educator: int, seconds: float) -> None:
        """Until nothing more has come for so long."""
        while True:
            try:
                update = await feed.until("performance_update", seconds)
            except TimeoutError:
                return
            await self.take(update, live, educator)


def position(content: dict[str, Any]) -> int:
    return int(content["as_of"].split("-")[1])


def totals_of(figures: dict[str, Any]) -> dict[str, Any]:
    beside = {*LISTS, "as_of", "as_of_time", "set_aside", "truncated"}
    return {
        name: value
        for name, value in figures.items()
        if name not in beside and not name.endswith(("_chart", "_summary"))
    }


def rows_of(figures: dict[str, Any]) -> dict[str, dict[int, Any]]:
    return {
        name: {row[key]: row for row in figures[f"{name}_summary"]} for name, key in ROWS.items()
    }


def assert_same(picture: Picture, figures: dict[str, Any]) -> None:
    assert picture.totals == totals_of(figures)
    assert picture.lists == {name: figures[name] for name in LISTS}
    assert picture.rows == rows_of(figures)


async def folded_in(tool: Connection) -> None:
    await tool.execute("call performance_wait(timeout => '10 s')")


async def test_the_first_is_whole_and_the_next_holds_what_changed(
    live: Live, tool: Connection
) -> None:
    async with live.stream(ONLY_UPDATES, HEAD) as feed:
        picture = Picture()
        first = await feed.until("performance_update")
        assert first["whole"] is True
        await picture.take(first, live, HEAD)
        figures = await overview(live, HEAD)
        assert_same(picture, figures)
        assert first["as_of"] == figures["as_of"]
        assert first["as_of_time"] == figures["as_of_time"]
        # of a student of one section who is neither among the best nor among the weakest
        await tool.execute("update grades set score = score + 1 where student_id = 6")
        second = await feed.until("performance_update")
        assert not {"whole", "refetch", "truncated"} & second.keys()
        assert [row["section_id"] for row in second["sections"]] == [1]
        assert [row["subject_id"] for row in second["subjects"]] == [1]
        assert second["totals"]["overall_average"] != first["totals"]["overall_average"]
        await picture.take(second, live, HEAD)
        assert_same(picture, await overview(live, HEAD))


async def test_what_changes_no_figure_sends_nothing(live: Live, tool: Connection) -> None:
    async with live.stream("?types=performance_update,grade_update", HEAD) as feed:
        await feed.until("performance_update")
        await tool.execute("update grades set remarks = 'well done' where student_id = 6")
        await feed.until("grade_update")
        with pytest.raises(TimeoutError):
            await feed.until("performance_update", QUIET)


async def test_a_list_comes_only_when_it_changed(live: Live, tool: Connection) -> None:
    async with live.stream(ONLY_UPDATES, HEAD) as feed:
        await feed.until("performance_update")
        await tool.execute(
            "insert into attendance (student_id, section_id, date, status)"
            " values (20, 2, current_date, 'present')"
        )
        update = await feed.until("performance_update")
        assert "grade_distribution" not in update
        await tool.execute(GRADE, 99, 6)
        update = await feed.until("performance_update")
        assert update["top_performers"][0]["id"] == 6
        assert "grade_distribution" in update


async def test_who_comes_later_gets_a_whole_one_and_then_the_same_changes(
    live: Live, tool: Connection
) -> None:
    async with live.stream(ONLY_UPDATES, HEAD) as early:
        await early.until("performance_update")
        await tool.execute(GRADE, 61, 6)
        await early.until("performance_update")
        async with live.stream(ONLY_UPDATES, HEAD) as late:
            first = await late.until("performance_update")
            assert first["whole"] is True
            with pytest.raises(TimeoutError):
                await early.until("performance_update", QUIET)
            await tool.execute(GRADE, 62, 6)
            same = [await feed.until("performance_update") for feed in (early, late)]
            assert same[0] == same[1]
            assert "whole" not in same[0]


async def test_rows_beyond_the_bound_are_to_be_fetched(
    live: Live, tool: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope_overview, "MOST_ROWS", 1)
    async with live.stream(ONLY_UPDATES, HEAD) as feed:
        first = await feed.until("performance_update")
        await tool.execute("update grades set score = score + 1 where student_id in (6, 20)")
        update = await feed.until("performance_update")
        assert update["refetch"] is True
        assert update["sections"] == update["subjects"] == []
        assert update["totals"] != first["totals"]


async def test_a_new_name_is_to_be_fetched(live: Live, tool: Connection) -> None:
    async with live.stream(ONLY_UPDATES, HEAD) as feed:
        await feed.until("performance_update")
        await tool.execute("update sections set name = '10-Z' where id = 1")
        assert (await feed.until("performance_update"))["refetch"] is True


async def test_a_subject_that_goes_is_to_be_fetched(live: Live, tool: Connection) -> None:
    async with live.stream(ONLY_UPDATES, HEAD) as feed:
        first = await feed.until("performance_update")
        assert first["totals"]["total_subjects"] == 2
        # the only exam of its subject, without a grade
        await tool.execute("delete from exams where id = 3")
        update = await feed.until("performance_update")
        assert update["refetch"] is True
        assert update["totals"]["total_subjects"] == 1


async def test_other_rights_begin_with_a_whole_one(live: Live, tool: Connection) -> None:
    async with live.stream(ONLY_UPDATES) as feed:
        assert len((await feed.until("performance_update"))["sections"]) == 1
        await tool.execute("insert into section_educators values (2, 1)")
        update = await feed.until("performance_update")
        assert update["whole"] is True
        assert [row["section_id"] for row in update["sections"]] == [1, 2]
        await tool.execute("delete from section_educators where section_id = 2")
        await feed.until("scope_changed")
        # what happens in a section that was taken away is told no more
        await tool.execute("update grades set score = score + 1 where student_id = 20")
        update = await feed.until("performance_update")
        assert update["whole"] is True
        assert [row["section_id"] for row in update["sections"]] == [1]
        with pytest.raises(TimeoutError):
            await feed.until("performance_update", QUIET)


async def test_an_old_term_moves_no_overview(live: Live, tool: Connection) -> None:
    async with live.stream(ONLY_UPDATES) as feed:
        await feed.until("performance_update")
        await tool.execute("update grades set score = 1 where exam_id = 6")
        with pytest.raises(TimeoutError):
            await feed.until("performance_update", QUIET)


async def test_educators_of_the_same_sections_are_read_for_once(
    live: Live, tool: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tool.execute("insert into section_educators values (2, 7)")
    await folded_in(tool)
    overviews = live.app.state.publisher.overviews
    asked: list[Any] = []
    read = overviews._difference

    async def counted(scope: Any, what: Any) -> Any:
        asked.append(scope)
        return await read(scope, what)

    monkeypatch.setattr(overviews, "_difference", counted)
    async with live.stream(ONLY_UPDATES, BOB) as one, live.stream(ONLY_UPDATES, 7) as other:
        await one.until("performance_update")
        await other.until("performance_update")
        await tool.execute("update grades set score = score + 1 where student_id = 20")
        assert await one.until("performance_update") == await other.until("performance_update")
        assert len(asked) == 1


async def test_a_reader_that_does_not_read_gets_a_whole_one_when_it_does(
    live: Live, tool: Connection
) -> None:
    async with live.stream(ONLY_UPDATES, HEAD) as feed:
        await feed.until("performance_update")
        reader: Subscriber = next(iter(live.hub.everybody()))
        reader.busy = True
        for score in (61, 62):
            await tool.execute(GRADE, score, 6)
            await asyncio.sleep(QUIET / 2)
        assert not reader.buffer
        reader.busy = False
        update = await feed.until("performance_update")
        assert update["whole"] is True
        await tool.execute(GRADE, 63, 6)
        assert "whole" not in await feed.until("performance_update")


WRITES = [
    "update grades set score = {a} where id = {grade}",
    "update grades set status = 'missing', score = null where id = {grade}",
    "update grades set status = 'graded', score = {a} where id = {grade}",
    "delete from grades where id = {grade}",
    "insert into grades (student_id, exam_id, score) select {student}, id, {a} from exams"
    " where section_id in (select section_id from enrollments where student_id = {student})"
    " order by random() limit 1 on conflict do nothing",
    "update attendance set status = '{status}' where id % 17 = {a} % 17",
    "insert into attendance (student_id, section_id, date, status)"
    " select {student}, min(section_id), current_date - 100 - {a}, '{status}' from enrollments"
    " where student_id = {student} having count(*) > 0 on conflict do nothing",
    "insert into exams (id, section_id, subject_id, name)"
    " select max(id) + 1, {section}, {subject}, 'Quiz' from exams",
    "delete from exams where name = 'Quiz' and section_id = {section}",
    "update students set first_name = 'Name {a}' where id = {student}",
    "insert into enrollments (student_id, section_id) values ({student}, {section})"
    " on conflict do nothing",
    "delete from enrollments where student_id = {student} and section_id = 2",
    "update students set is_active = not is_active where id = {student}",
    "update exams set total_marks = 50 + {a} where id = 1",
]
RARE = [
    "update sections set name = 'Class {a}' where id = {section}",
    "update subjects set name = 'Subject {a}' where id = {subject}",
    "update grading_policies set pass_mark = 50 + {a} / 4",
    "update sections set term_id = 3 - term_id where id = 4",
]


@pytest.mark.parametrize("seed", range(4))
async def test_the_whole_one_and_its_changes_are_the_overview(
    live: Live, tool: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    educators = (HEAD, 1, ADMIN, HEAD, BOB)
    pictures = [Picture() for _ in educators]
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:

        async def begin(number: int) -> None:
            educator = educators[number]
            feed = await stack.enter_async_context(live.stream(ONLY_UPDATES, educator))
            following = pictures[number].follow(feed, live, educator, 4.0)
            tasks.create_task(following)

        await begin(0)
        for number in range(60):
            if number % 15 == 10:
                await begin(number // 15 + 1)
            written = chance.choice(RARE if chance.random() < 0.03 else WRITES)
            await tool.execute(
                written.format(
                    a=chance.randrange(100),
                    grade=await tool.fetchval("select id from grades order by random() limit 1"),
                    student=chance.choice([*range(1, 13), 20]),
                    section=chance.choice([1, 2]),
                    subject=chance.choice([1, 2, 4]),
                    status=chance.choice(["present", "late", "absent", "excused"]),
                )
            )
            await asyncio.sleep(chance.choice([0, 0, 0, 0.05, 0.6]))
        await folded_in(tool)
    for picture, educator in zip(pictures, educators, strict=True):
        assert_same(picture, await overview(live, educator))
        assert picture.updates[0]["whole"] is True
