"""What changed since somebody last looked, in lines that they read."""

from typing import Any

import pytest

from classpulse.serve.pages.changes import lines_of


def item(**held: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "figures": None,
        "grades": [],
        "attendance": [],
        "roster": [],
        "exams": [],
        "bulk": [],
        "refetch": [],
    }
    return nothing | held


def exam(number: int, what: str = "created") -> dict[str, Any]:
    return {"exam_id": number, "exam_name": f"Quiz {number}", "what": what, "changes": 1}


@pytest.mark.parametrize(
    ("exams", "lines"),
    [
        ([exam(1), exam(2)], [("Quiz 1", "exam created"), ("Quiz 2", "exam created")]),
        (
            [*(exam(n) for n in range(48)), exam(50, "deleted")],
            [("Exams", "48 created"), ("Quiz 50", "exam deleted")],
        ),
    ],
)
def test_a_few_exams_are_named_and_many_are_counted(
    exams: list[dict[str, Any]], lines: list[tuple[str, str]]
) -> None:
    assert [(line["what"], line["new"]) for line in lines_of(item(exams=exams))] == lines
