"""What is refused is refused in a sentence that says what would be taken."""

from typing import Any

import pytest

from serve.conftest import API, Client

WHOLE = "must be a whole number from 1"


@pytest.mark.parametrize(
    ("path", "query", "sentence"),
    [
        (
            "/students",
            "sort=foo",
            "sort must be one of attendance, average, average_if_missing_zero, graded, last_name, "
            "missing, name, roll_number, section.",
        ),
        ("/students", "status=passed", "status must be one of fail, no_data, pass."),
        ("/students", "section_id=0", f"section_id {WHOLE}."),
        ("/students", "section_id=1&section_id=x", f"section_id {WHOLE}."),
        ("/students", "limit=501", "limit must be a whole number from 1 to 500."),
        ("/students", "limit=1e2", "limit must be a whole number from 1 to 500."),
        ("/students", "min_average=1,5", "min_average must be a number."),
        (
            "/students",
            "min_average=-1",
            "min_average must be a number from 0 to 1,000,000,000.",
        ),
        ("/overview", "term=9223372036854775808", f"term {WHOLE}."),
        ("/section/1/attendance", "from=20.10.2025", "from must be a date like 2025-10-20."),
        ("/students", "q=" + "a" * 201, "q must be a text of 0 to 200 characters."),
    ],
)
async def test_of_a_parameter(reader: Client, path: str, query: str, sentence: str) -> None:
    answer = await reader.get(f"{path}?{query}")
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["detail"] == sentence
    name = query.partition("=")[0]
    assert problem["errors"][0]["parameter"] == name


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"sort_order": "up"}, "sort_order must be one of asc, desc."),
        ({"section_ids": [0]}, f"section_ids {WHOLE}."),
        ({"section_ids": 1}, f"section_ids {WHOLE}, 1000 of them at most."),
        ({"top_count": 101}, "top_count must be a whole number from 0 to 100."),
        ({"performance_threshold": "x"}, "performance_threshold must be a number."),
        ([], "The body must be a JSON object."),
    ],
)
async def test_of_a_body(reader: Client, body: Any, sentence: str) -> None:
    answer = await reader.http.post(f"{API}/filtered", json=body, headers=reader.as_(1))
    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)


async def test_of_what_is_missing_or_unknown(reader: Client) -> None:
    login = "/api/v1/auth/login"
    answer = await reader.http.post(login, json={"email": "a@b.c"})
    assert (answer.status_code, answer.json()["detail"]) == (422, "password is missing.")
    answer = await reader.http.post(login, json={"email": "a", "password": "b", "otp": 1})
    assert answer.json()["detail"] == "otp is not known here. Known: email, password."


@pytest.mark.parametrize(
    ("body", "items", "top", "low"),
    [
        ({}, 15, 5, 5),
        ({"section_ids": [2]}, 2, 2, 0),
        ({"section_ids": [1], "subject_ids": [2]}, 12, 5, 5),
        ({"section_ids": [2], "subject_ids": [2]}, 0, 0, 0),
        ({"performance_threshold": 80}, 3, 3, 0),
        ({"performance_threshold": 80, "min_average": 90}, 1, 1, 0),
        ({"top_count": 1}, 15, 1, 5),
        ({"low_count": 2}, 15, 5, 2),
        ({"top_count": 0, "low_count": 0}, 15, 0, 0),
    ],
)
async def test_every_field_of_filtered_acts(
    reader: Client, body: dict[str, Any], items: int, top: int, low: int
) -> None:
    answer = await reader.http.post(f"{API}/filtered", json=body, headers=reader.as_(4))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["total"] == len(found["items"]) == items
    assert (len(found["top_performers"]), len(found["low_performers"])) == (top, low)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_filtered_sorts(reader: Client, order: str) -> None:
    body = {"section_ids": [1], "sort_by": "roll_number", "sort_order": order}
    answer = await reader.http.post(f"{API}/filtered", json=body, headers=reader.as_(1))
    numbers = [item["roll_number"] for item in answer.json()["items"]]
    assert numbers == sorted(range(1, 13), reverse=order == "desc")
