"""A gradebook in the school of these tests: Ann teaches section 1 and weighs its Mathematics."""

from typing import Any

GRADEBOOK = """
insert into grade_categories (id, school_id, section_id, subject_id, name, weight, drop_lowest)
values (1, 1, 1, 1, 'Quizzes', 20, 0), (2, 1, 1, 1, 'Exams', 50, 0);
insert into grade_categories (id, school_id, name, weight) values (3, 1, 'Everywhere', null);
select setval(pg_get_serial_sequence('grade_categories', 'id'), 3);
insert into exams (id, section_id, subject_id, name, total_marks, category_id, exam_date, due_on)
values
(101, 1, 1, 'Quiz 1', 10, 1, '2026-10-01', '2026-10-02'),
(102, 1, 1, 'Quiz 2', 20, 1, '2026-10-08', null),
(103, 1, 1, 'Quiz 3', 100, 1, '2026-10-15', null);
update exams set category_id = 2 where id in (1, 2);
insert into grades (id, student_id, exam_id, score, submitted_at) values
(1001, 1, 101, 4, '2026-10-03 09:00Z'), (1002, 1, 102, 15, null), (1003, 1, 103, 60, null),
(1004, 2, 101, 9, '2026-10-02 23:00Z');
"""


async def keep_gradebook(tool: Any) -> None:
    """Write it, and wait until the figures follow."""
    await tool.execute(GRADEBOOK)
    await settle(tool)


async def settle(tool: Any) -> None:
    await tool.execute("call performance_wait(timeout => '20 s')")
